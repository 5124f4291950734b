window.YTD.profile.part0 = [
  {
    "profile": {
      "description": {
        "bio": "Head cook, Perihelion Station, Kitchen Module 4! SOUP! A fictional account, written for Mynah.",
        "website": "",
        "location": ""
      }
    }
  }
]
