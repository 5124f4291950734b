window.YTD.profile.part0 = [
  {
    "profile": {
      "description": {
        "bio": "keeper of a small lighthouse on a large rock. 214 stairs, one gull. a fictional account, written for Mynah.",
        "website": "",
        "location": ""
      }
    }
  }
]
