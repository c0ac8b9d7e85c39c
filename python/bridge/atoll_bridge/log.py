"""The logs that hooks write to: spawner.log, authenticator.log."""

import sys


class Logger:
    """Writes lines to standard error, which the hub reads. The logging module takes longer to import than all of this."""

    def write(self, level, message, args):
        text = str(message) % args if args else str(message)
        print(f"{level}: {text}", file=sys.stderr)

    def debug(self, message, *args, **kwargs):
        pass

    def info(self, message, *args, **kwargs):
        self.write("info", message, args)

    def warning(self, message, *args, **kwargs):
        self.write("warning", message, args)

    warn = warning

    def error(self, message, *args, **kwargs):
        self.write("error", message, args)

    critical = error

    def exception(self, message, *args, **kwargs):
        self.write("error", message, args)
        import traceback

        traceback.print_exc()


logger = Logger()
