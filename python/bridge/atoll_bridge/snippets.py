"""The snippets of Python, and which of their lines something happens in. Lines are those of the settings file: what is
compiled is named and numbered like it, so that every traceback shows the right place."""

import ast
import sys

# file name -> its snippets
by_file = {}

# Packages whose classes and functions snippets replace at their own risk: nothing here would call the replacements.
FOREIGN = {"dask_gateway_server", "jupyterhub", "kubernetes_asyncio", "kubespawner", "oauthenticator", "tornado", "z2jh"}


def module_name(chart):
    """What the namespace of a chart's snippets is called."""
    return f"{chart}_config"


class Snippet:
    """One text of Python in a settings file."""

    def __init__(self, name, chart, file, line, exact, source):
        """`line` is that of the first line of `source`; not `exact`: all of it counts as there (a quoted text)."""
        self.name = name
        self.chart = chart
        self.file = file
        self.line = line
        self.exact = exact
        self.source = source
        self.tree = None
        # Lines with a `raise`: what comes from there is said on purpose.
        self.raises = set()
        by_file.setdefault(file, []).append(self)

    def compile(self):
        """The code. Raises SyntaxError with the line of the settings file."""
        try:
            tree = ast.parse(self.source, self.file)
        except SyntaxError as error:
            error.lineno = self.line_of(error.lineno or 1)
            raise
        self.place(tree)
        self.tree = tree
        self.raises = {node.lineno for node in ast.walk(tree) if isinstance(node, ast.Raise)}
        return compile(tree, self.file, "exec", dont_inherit=True)

    def place(self, tree):
        """Numbers the lines as in the settings file."""
        if self.exact:
            ast.increment_lineno(tree, self.line - 1)
            return
        for node in ast.walk(tree):
            if hasattr(node, "lineno"):
                node.lineno = node.end_lineno = self.line
                # What ends on a later line may end further left than it begins, which no line of its own may.
                node.col_offset = node.end_col_offset = 0

    def line_of(self, line):
        """The line of the settings file."""
        return self.line + line - 1 if self.exact else self.line

    def has(self, line):
        """Whether a line of the settings file is one of this snippet."""
        return self.line <= line <= self.line_of(self.source.count("\n") + 1)

    def names(self):
        """All names that the code mentions."""
        return {node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name)}

    def line_about(self, section, trait):
        """The last line that mentions `c.section.trait`, or None."""
        lines = [
            node.lineno
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Attribute) and chain_of(node)[-2:] == [section, trait]
        ]
        return max(lines, default=None)

    def replacements(self):
        """(line, name, full name) of each assignment to something in a foreign package."""
        origins = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in FOREIGN:
                origins.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    package = alias.name.partition(".")[0]
                    if package in FOREIGN:
                        origins[alias.asname or package] = alias.name if alias.asname else package
        for node in ast.walk(self.tree):
            for target in targets_of(node):
                chain = chain_of(target)
                if len(chain) > 1 and chain[0] in origins:
                    yield target.lineno, ".".join(chain), ".".join([origins[chain[0]], *chain[1:]])


def targets_of(node):
    """The attributes that a statement assigns to; `setattr(thing, "name", …)` counts as one."""
    if isinstance(node, ast.Assign):
        return [target for target in node.targets if isinstance(target, ast.Attribute)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr" and len(node.args) > 1:
        name = node.args[1].value if isinstance(node.args[1], ast.Constant) else "…"
        return [ast.copy_location(ast.Attribute(node.args[0], str(name)), node)]
    return []


def chain_of(node):
    """`a.b.c` as a list of names; empty for anything else."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else []


def find(file, line):
    """The snippet that has this line, or None."""
    return next((snippet for snippet in by_file.get(file, []) if snippet.has(line)), None)


def place_of_caller():
    """The innermost line of a snippet that runs now, as {"file", "line"}, or None."""
    return place_of_stack(sys._getframe(1))


def place_of_stack(frame):
    """The innermost line of a snippet in a stack, or None."""
    while frame:
        if frame.f_code.co_filename in by_file:
            return {"file": frame.f_code.co_filename, "line": frame.f_lineno}
        frame = frame.f_back
    return None


def place_of_function(function):
    """Where a function of a snippet begins, or None."""
    code = getattr(getattr(function, "func", function), "__code__", None)
    if code is None or code.co_filename not in by_file:
        return None
    return {"file": code.co_filename, "line": code.co_firstlineno}
