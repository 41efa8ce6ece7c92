"""``python -m tchat_server`` is ``tchat-server``."""

from tchat_server.cli import main

if __name__ == "__main__":
    main(prog_name="tchat-server")
