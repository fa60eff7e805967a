"""What was asked for: options, then a verb, then whatever belongs to that verb."""

from dataclasses import dataclass, field
from pathlib import Path

from launcher import processes, tools
from launcher.environment import for_checkout
from launcher.home import Home, choose
from launcher.keeper import Keeper
from launcher.say import LauncherError, failure
from launcher.supervise import Product

CHECKOUT = Path(__file__).resolve().parent.parent.parent

USAGE = """\
Dayaq: ./run [options] [verb]

  ./run                      start the product, with demo data when the database is empty; stop with Ctrl-C
  ./run manage COMMAND ...   run a management command, whether the product runs or not
  ./run test [ARGUMENTS]     run the tests (the arguments go to pytest)
  ./run lint                 run the checks that need no test
  ./run bench NAME ...       measure (manage bench NAME); "faults" kills parts while the product works
  ./run lock [ARGUMENTS]     compile requirements/*.txt anew (the arguments go to uv pip compile)

Options, before the verb:
  --port N       serve on 127.0.0.1:N (8000)
  --home DIR     keep all state in DIR (var/ in the checkout, else ~/.local/state/dayaq)
  --no-demo      without demo data and demo accounts

Environment:
  DATABASE_URL, REDIS_URL              servers of yours to use instead of the embedded ones
  DAYAQ_POSTGRES_BIN, DAYAQ_VALKEY     the directory of PostgreSQL's programs; the Valkey or Redis program
  DAYAQ_VENV                           a virtual environment that you maintain; nothing is installed
  CHROMIUM                             the browser for the tests
  PYTHON                               the Python to use
"""


@dataclass
class Request:
    """The command line, understood."""

    port: int = 8000
    home: Path | None = None
    demo: bool = True
    verb: str = "serve"
    arguments: list[str] = field(default_factory=list)


def parse(argv: list[str]) -> Request:
    """By hand, because everything behind the verb belongs to somebody else's parser."""
    request, rest = Request(), list(argv)
    while rest and rest[0].startswith("-"):
        option, has_value, value = rest.pop(0).partition("=")
        if option in ("-h", "--help"):
            request.verb = "help"
            return request
        if option == "--no-demo" and not has_value:
            request.demo = False
        elif option in ("--port", "--home"):
            value = value if has_value else _next(rest, option)
            if option == "--home":
                request.home = Path(value)
            else:
                request.port = _port(value)
        else:
            raise LauncherError(f"there is no option {option}.", "see ./run --help")
    if rest:
        request.verb, request.arguments = rest[0], rest[1:]
    if request.verb not in ("serve", "manage", "test", "lint", "lock", "bench", "help", "_keep"):
        raise LauncherError(f"there is no command {request.verb}.", "see ./run --help and ./run manage help")
    return request


def _next(rest: list[str], option: str) -> str:
    if not rest:
        raise LauncherError(f"{option} needs a value.", "see ./run --help")
    return rest.pop(0)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise LauncherError(f"{text} is no port.", "give a number from 1 to 65535, for example --port 8001")
    return int(text)


def main(argv: list[str]) -> int:
    """Run the request; every expected failure ends in two lines: what, and what to do."""
    processes.stop_on_signals()
    try:
        request = parse(argv)
        if request.verb == "help":
            print(USAGE, end="")
            return 0
        home = choose(request.home, CHECKOUT)
        if request.verb == "_keep":
            venv, *options = request.arguments
            return Keeper(home, Path(venv), test="--test" in options).keep()
        return _run(request, home)
    except LauncherError as error:
        failure(error)
        return 1
    except processes.Stop as stop:
        return 128 + stop.number


def _run(request: Request, home: Home) -> int:
    environment = for_checkout(CHECKOUT, home)
    if request.verb == "test":
        return tools.test(CHECKOUT, environment, arguments=request.arguments)
    if request.verb == "lint":
        return tools.lint(CHECKOUT, environment)
    if request.verb == "bench" and request.arguments[:1] == ["faults"]:
        return tools.faults(CHECKOUT, environment, arguments=request.arguments[1:])
    home.prepare()
    if request.verb == "lock":
        return tools.lock(CHECKOUT, home, request.arguments)
    if request.verb in ("manage", "bench"):
        command = ["bench", *request.arguments] if request.verb == "bench" else request.arguments
        return tools.manage(
            CHECKOUT, home, environment, port=request.port, demo=request.demo, command=command
        )
    return Product(CHECKOUT, home, environment, port=request.port, demo=request.demo).serve()
