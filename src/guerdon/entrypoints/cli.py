"""The command `guerdon`: one module per command, of which only the one that is asked for is loaded."""

import importlib
import sys
from collections.abc import Sequence
from typing import Final

import typer

from guerdon.entrypoints.up_bytecode import use_bytecode

PROGRAM: Final = "guerdon"
COMMANDS: Final = {
    "up": "Run everything: database, migrations, API and worker in one process tree.",
    "api": "Run one API process.",
    "worker": "Run one worker, which does the jobs.",
    "migrate": "Bring the database to this release.",
    "doctor": "Look for what is wrong or soon will be.",
    "ledger": "Verify the ledger.",
    "tenant": "Create, list, disable, enable and limit tenants.",
    "key": "Create, list and revoke API keys.",
    "secret": "Set, list and remove the secrets of a tenant.",
    "config": "Push and pull the files of a tenant: pass types, images and texts.",
    "apple": "Take in Apple certificates.",
    "passes": "Take in passes from another provider.",
    "balances": "Bring in points balances from another system.",
}


def main() -> None:
    """Run the command that the arguments name."""
    words = sys.argv[1:]
    use_bytecode(words)
    program(words)(prog_name=PROGRAM)


def program(words: Sequence[str]) -> typer.Typer:
    """Put the program together for these arguments; the other commands stand there by name and sentence only."""
    app = typer.Typer(
        help="Guerdon: wallet passes and loyalty.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    asked = next((word for word in words if not word.startswith("-")), None)
    for name, sentence in COMMANDS.items():
        if name == asked:
            # By name, because loading every command would make `guerdon --help` wait for all of them.
            module = importlib.import_module(f"guerdon.entrypoints.cli_{name}")
            module.register(app, sentence)
        else:
            app.command(name, help=sentence)(_stand_for_a_command)
    return app


def _stand_for_a_command() -> None:
    """Take the place of a command that was not asked for."""


if __name__ == "__main__":
    main()
