"""Word templates that a town brings along: looked through before they are kept, filled in without giving them any power.

A template is Word's own file with ``{{ name }}`` where a value goes. It may ask ``{% if name %}`` and repeat a row of a table by
``{%tr for row in rows %}``; it can call nothing, compute nothing and reach nothing but the values of its paper.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from flask_babel import gettext as _
from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2.sandbox import SandboxedEnvironment

from portal.contract import Paper
from portal.documents.model import text
from portal.errors import Refused
from portal.records import reader

MOST_BYTES = 5_000_000
MOST_XML = 1_000_000
"""Bytes of one part of XML in a template; Word writes some 50,000 for a letter."""
MOST_BRACES = 1_000
MOST_ROWS = 1_000
MOST_RESULT = 60_000_000
MAIN = "word/document.xml"
MAIN_TYPE = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
FORBIDDEN = ("vbaproject", "activex", "embeddings/", "customui", "afchunk", "attachedtoolbars")
"""Parts that carry programs or other files."""
LOOP = ("first", "last", "index", "length")
ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Const, nodes.If, nodes.For, nodes.Compare, nodes.Operand,
    nodes.And, nodes.Or, nodes.Not,
)  # fmt: skip


class TemplateRefused(Exception):
    """What is wrong in a template, in the reader's words. No TemplateError, so that nobody on the way puts it in other words."""


class PaperEnvironment(SandboxedEnvironment):
    """Jinja that knows the values of one paper and hardly anything else."""

    def __init__(self, paper: Paper) -> None:
        super().__init__(autoescape=True, undefined=StrictUndefined)
        self.paper = paper
        self.globals.clear()
        self.filters.clear()
        self.tests.clear()

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        check_statements(tree, self.paper)
        return tree


def check_statements(tree: nodes.Node, paper: Paper, rows: Mapping[str, Mapping[str, Any]] | None = None) -> None:
    """Raise TemplateRefused for a name that the paper has not, and for every statement but a value, a question and a repetition."""
    rows = rows or {}
    if isinstance(tree, nodes.Output) and (listed := [node.name for node in tree.nodes if isinstance(node, nodes.Name) and node.name in paper.lists]):
        raise TemplateRefused(_("“%(name)s”是列表，请用 {%%tr for row in %(name)s %%} 逐行列出。", name=listed[0]))
    for node in tree.iter_child_nodes():
        if not isinstance(node, ALLOWED):
            what = f"|{node.name}" if isinstance(node, nodes.Filter) else type(node).__name__
            raise TemplateRefused(_("模板中只能用占位符、if 和 for；这里用了不支持的写法（%(what)s）。", what=what))
        if isinstance(node, nodes.Name):
            _check_name(node.name, paper, rows)
        if isinstance(node, nodes.Getattr):
            _check_column(node, rows)
            continue
        if isinstance(node, nodes.For):
            _check_loop(node, paper, rows)
            continue
        check_statements(node, paper, rows)


def _check_name(name: str, paper: Paper, rows: Mapping[str, Any]) -> None:
    """A placeholder of the paper; a list only where it is asked for or repeated."""
    if name in rows:
        raise TemplateRefused(_("“%(name)s”是一行，要写明取哪一项，如 {{ %(name)s.%(column)s }}。", name=name, column=next(iter(rows[name]), "")))
    if name not in paper.placeholders and name not in paper.lists:
        raise TemplateRefused(_("没有名为“%(name)s”的占位符。", name=name))


def _check_column(node: nodes.Getattr, rows: Mapping[str, Mapping[str, Any]]) -> None:
    owner = node.node.name if isinstance(node.node, nodes.Name) else ""
    columns = dict.fromkeys(LOOP, "") if owner == "loop" and rows else rows.get(owner)
    if columns is None or node.attr not in columns:
        raise TemplateRefused(_("没有名为“%(name)s”的占位符。", name=f"{owner}.{node.attr}"))


def _check_loop(node: nodes.For, paper: Paper, rows: Mapping[str, Any]) -> None:
    source = node.iter.name if isinstance(node.iter, nodes.Name) else ""
    if rows or source not in paper.lists or not isinstance(node.target, nodes.Name) or node.recursive or node.test is not None:
        known = "、".join(paper.lists) or _("无")
        raise TemplateRefused(_("for 只能逐行列出本文书的列表（%(known)s），且不能嵌套。", known=known))
    inside = {node.target.name: paper.lists[source]}
    for child in (*node.body, *node.else_):
        check_statements(nodes.Template([child], lineno=node.lineno), paper, inside)


def check_file(data: bytes) -> None:
    """Refuse what is no plain docx: other types, bombs, macros, embedded files, links that load something. Raises Refused."""
    if len(data) > MOST_BYTES:
        raise Refused(_("模板不能超过 %(n)s MB。", n=MOST_BYTES // 1_000_000), field="file")
    try:
        names = reader.check_parts(data)
        parts = dict(_parts(data))
    except reader.Bad as error:
        raise Refused(_("文件过大或压缩异常，已拒绝。") if error.code == "too_big" else _("不是完好的 docx 文件，或文件已加密。"), field="file") from None
    if MAIN not in names or MAIN_TYPE not in parts.get("[content_types].xml", b""):
        raise Refused(_("只接受 Word 的 docx 文件（不接受 doc、docm、dotx、wps）。"), field="file")
    if any(mark in name for name in names for mark in FORBIDDEN):
        raise Refused(_("模板中含有宏、控件或嵌入的文件，请删除后再上传。"), field="file")
    for name, content in parts.items():
        if name.endswith(".rels") and b'"External"' in content.replace(b"'", b'"'):
            raise Refused(_("模板中含有指向文件之外的链接（图片、附加模板或网址），请删除后再上传。"), field="file")
        if len(content) > MOST_XML or content.count(b"{") > MOST_BRACES:
            raise Refused(_("模板内容过多：请只保留文书本身。"), field="file")


def _parts(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The XML parts of an archive that was counted before."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for part in archive.infolist():
            if part.filename.lower().endswith((".xml", ".rels")):
                yield part.filename.lower(), archive.read(part)


def check_template(data: bytes, paper: Paper) -> None:
    """Refuse a file that cannot be a template of the paper; its sample is filled in for trial. Raises Refused at ``file``."""
    check_file(data)
    try:
        filled = fill(data, paper, paper.sample)
        empty = fill(data, paper, {})
    except Refused as error:
        raise Refused(error.message, field="file") from None
    if not filled or not empty:
        raise Refused(_("模板无法填写。"), field="file")


def fill(data: bytes, paper: Paper, values: Mapping[str, Any]) -> bytes:
    """A template with the values of its paper; what is not given is empty. Raises Refused in the reader's words."""
    from portal.documents.filling import Template

    context = context_of(paper, values)
    longest = max((len(value) for value in context.values() if isinstance(value, list)), default=0)
    if longest > MOST_ROWS or len(data) * max(longest, 1) > MOST_RESULT * 4:
        raise Refused(_("列表过长，无法用自定义模板生成；请下载 PDF。"))
    try:
        template = Template(io.BytesIO(data))
        template.render(context, PaperEnvironment(paper), autoescape=True)
        stream = io.BytesIO()
        template.save(stream)
    except TemplateRefused as error:
        raise Refused(str(error)) from None
    except TemplateError as error:
        raise Refused(_("模板中的写法有误：%(what)s", what=error.message or "")) from None
    except Exception:
        raise Refused(_("模板无法填写：文件结构有误，请用 Word 另存为 docx 后再试。")) from None
    return stream.getvalue()


def context_of(paper: Paper, values: Mapping[str, Any]) -> dict[str, Any]:
    """Every placeholder of the paper with its text; line breaks become paragraphs."""
    found: dict[str, Any] = {name: _plain(values.get(name)) for name in paper.placeholders}
    for name, columns in paper.lists.items():
        found[name] = [{column: _plain(row.get(column)) for column in columns} for row in values.get(name) or ()]
    return found


def _plain(value: Any) -> str:
    return text(value).replace("\n", "\a")


def placeholders(paper: Paper) -> dict[str, Any]:
    """Values that write themselves: with them the standard document is the standard template."""
    found: dict[str, Any] = {name: f"{{{{ {name} }}}}" for name in paper.placeholders}
    for name, columns in paper.lists.items():
        first = next(iter(columns))
        found[name] = [
            {**dict.fromkeys(columns, ""), first: f"{{%tr for row in {name} %}}"},
            {column: f"{{{{ row.{column} }}}}" for column in columns},
            {**dict.fromkeys(columns, ""), first: "{%tr endfor %}"},
        ]
    return found
