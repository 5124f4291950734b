"""What an admin's commands do in a bot that runs: operations, and the socket on which it takes them."""
