"""What a server shows of itself over HTTP."""
