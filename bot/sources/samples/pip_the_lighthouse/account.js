window.YTD.account.part0 = [
  {
    "account": {
      "username": "pip_the_lighthouse",
      "accountDisplayName": "pip of gullsbeak"
    }
  }
]
