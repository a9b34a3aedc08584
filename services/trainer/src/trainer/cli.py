"""The command `trainer`."""

import os
import signal

import typer

from contract.errors import ContractError
from trainer.commands.baseline import baseline
from trainer.commands.compare import compare
from trainer.commands.erase import erase
from trainer.commands.evaluate import evaluate
from trainer.commands.first_champion import first_champion
from trainer.commands.registry import champion, promote, rollback
from trainer.commands.retrain import retrain
from trainer.commands.train import recipes, train
from trainer.commands.tune import tune
from trainer.commands.watch import watch
from trainer.data.commands import app as data_app
from trainer.errors import TrainerError

app = typer.Typer(
    name="trainer",
    help="From labelled tweets to a verified model in the registry.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    recipes,
    train,
    compare,
    tune,
    evaluate,
    baseline,
    retrain,
    watch,
    promote,
    rollback,
    champion,
    first_champion,
    erase,
):
    app.command()(command)
app.add_typer(data_app, name="data")


def main() -> None:
    """Run a command.

    What the user can mend is one line on standard error and exit status 1; a wrong option is
    status 2; Ctrl-C, or a request to terminate, is status 130.
    """
    # TensorFlow's start-up messages; whoever wants them sets the variable.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # A stopped container should end its run in MLflow as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except (TrainerError, ContractError, OSError) as error:
        typer.echo(f"error: {' '.join(str(error).split())}", err=True)
        raise SystemExit(1) from None
