window.YTD.account.part0 = [
  {
    "account": {
      "username": "ladle_in_orbit",
      "accountDisplayName": "Chef Odalys 🥄"
    }
  }
]
