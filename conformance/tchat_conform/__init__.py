"""tchat-conform: exercises anybody's tchat server and says what works, what nearly works and what does not."""
