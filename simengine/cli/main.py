"""The program ``simengine``: its commands, what it prints when something fails, and its exit status."""

from __future__ import annotations

import contextlib
import gc
import importlib
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

import click

from simengine.cli.arguments import keep_indented
from simengine.cli.streams import NobodyReads, flush, say, silence
from simengine.errors import EXIT_CODES, CacheWarning, DeviceWarning, SimengineError

SECTIONS: Mapping[str, Mapping[str, str]] = {
    "Commands to simulate": {
        "run": "Simulate a scenario and print its percentiles and risks.",
        "watch": "Simulate a scenario whenever it is saved; show what moved.",
        "export": "Write a stored result, its draws, or your workbook.",
        "plot": "Draw a stored result as a picture, SVG or PNG.",
        "verify": "Compute a stored result again and compare every number.",
    },
    "Commands to decide": {
        "compare": "Compare strategies on the same draws, all pairs with errors.",
        "drivers": "Say what drives the outcomes, and what to find out first.",
        "diff": "List what changed in a scenario, and what it does.",
        "optimize": "Find the best values of decisions, under constraints.",
        "breakeven": "Find the value at which two strategies tie.",
        "risks": "Print the risk register, and what measures bring.",
        "terms": "Price each clause, for us and for the partner.",
    },
    "Commands to write a scenario": {
        "init": "Write a commented scenario to start from.",
        "check": "Validate a scenario and print what it says.",
        "explain": "Print the formulas, inputs and dependence as resolved.",
        "distributions": "List the distributions and their parameters.",
        "schema": "Print the JSON Schema of scenarios, for editors.",
    },
    "Commands to look after the installation": {
        "doctor": "Check this installation with known answers.",
        "bench": "Measure this machine against NumPy.",
    },
}
"""Every command with one line about it, in the order of the help.

A command lives in the module of ``simengine.cli`` that has its name, and is imported when it is called.
"""

_OBJECTS_BETWEEN_COLLECTIONS = 100_000

COMMANDS = tuple(name for section in SECTIONS.values() for name in section)


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, so that help costs nothing."""

    def __init__(self, *arguments: Any, **named: Any):
        super().__init__(*arguments, **named)
        self.help = keep_indented(self.help)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"simengine.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that was named, with the nearest one when there is none of that name."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"There is no command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Commands by section."""
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(list(commands.items()), col_spacing=4)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The exit statuses."""
        with formatter.section("Exit status"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_CODES.items()], col_spacing=4)


def _print_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        import simengine

        click.echo(f"simengine {simengine.__version__}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]...",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
              help="Print the version and exit.")  # fmt: skip
@click.option("--debug", is_flag=True, help="Print the traceback of an unexpected failure.")
@click.pass_context
def simengine(ctx: click.Context, debug: bool) -> None:
    """Risk analysis of technology-transfer deals by Monte Carlo simulation.

    A scenario says what is uncertain and what the deal is; simengine draws millions of trials and reports
    percentiles, probabilities and tail measures of every strategy, each with its standard error.

    Examples
    --------
      simengine init                            write scenario.toml to start from
      simengine check scenario.toml             validate it
      simengine run scenario.toml               simulate it
      simengine run scenario.toml --out results/

    `simengine COMMAND --help` explains a command and gives examples.
    """
    ctx.obj = {"debug": debug, **(ctx.obj or {})}
    if ctx.invoked_subcommand is None:  # nothing was asked for: the help, and the status of a wrong call
        say(ctx.get_help())
        ctx.exit(2)


def program() -> int:
    """``simengine`` as a process of its own: :func:`main`, with the collector of reference cycles held back.

    A run makes hundreds of thousands of objects that live as long as the process, most of them while modules are
    imported.  Looking through all of them again and again, and once more at the end, takes a sixth of a second and
    frees nothing; what is left at the end is for the system to take back.
    """
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    status = main()
    gc.freeze()
    return status


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Standard output receives results, standard error everything else.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given[:1]
    try:
        with _terminated_like_interrupted(), _warnings_in_one_line():
            status = simengine.main(given, prog_name="simengine", standalone_mode=False, obj={"arguments": given})
            flush()
        return status if isinstance(status, int) else 0  # of Context.exit, which click gives back
    except click.exceptions.Exit as request:
        return request.exit_code
    except click.ClickException as error:
        _show_usage_error(error)
        return 2
    except (KeyboardInterrupt, click.Abort):
        say("interrupted")
        return 130
    except SimengineError as error:
        say(str(error))
        return error.exit_code
    except (NobodyReads, BrokenPipeError):
        silence(sys.stdout)
        return 0
    except MemoryError:
        say("error: out of memory; hint: fewer strategies, or a smaller --memory")
        return 1
    except OSError as error:
        return _report_stream_failure(error, debug=debug)
    except Exception as error:
        return _report_defect(error, debug=debug)


class _Terminated(KeyboardInterrupt):
    """SIGTERM arrived."""


@contextlib.contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """While this lasts SIGTERM stops the work as Ctrl-C does, so that nothing is left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    """While this lasts a cache or a GPU of no use is mentioned as a person would, without a place in the code."""
    with warnings.catch_warnings():
        otherwise = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any, **named: Any) -> None:
            if issubclass(category, CacheWarning | DeviceWarning):
                say(f"warning: {message}")
            else:
                otherwise(message, category, *place, **named)

        warnings.showwarning = show
        yield


def _show_usage_error(error: click.ClickException) -> None:
    context = getattr(error, "ctx", None)
    if context is not None:
        say(context.get_usage())
        say(f"hint: `{context.command_path} --help` explains the options")
    say(f"error: {error.format_message()}")


def _report_stream_failure(error: OSError, *, debug: bool) -> int:
    """A failure of standard output that showed only when it was flushed; other system errors are defects."""
    import errno

    if error.errno in (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG) and error.filename is None:
        silence(sys.stdout)
        say(f"cannot write to standard output: {error.strerror}")
        return 5
    return _report_defect(error, debug=debug)


def _report_defect(error: Exception, *, debug: bool) -> int:
    if debug:
        import traceback

        say("".join(traceback.format_exception(error)))
    hint = "" if debug else "; `simengine --debug ...` prints where it happened"
    say(f"error: unexpected {type(error).__name__}: {error}. This is a defect of simengine, please report it{hint}")
    return 1
