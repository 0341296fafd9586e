"""A workbook with a sheet for each table: headings kept in view, rows ready to be filtered.

Written here and not by a library: those that were tried (XlsxWriter, pyexcelerate) take two seconds
over the quarter of a million cells of ten thousand pairs, as long as half of the report, because
they look at every cell for what Tandem never has in one. Nothing of a sheet but one row is kept.

Source: ECMA-376 part 1, sections 18.3 (worksheets), 18.8 (styles); part 2 (packages).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from integrations.workflows.reporting.tables import Cell, Table

_MOST_UNITS = 32_767
"""Excel's limit for the text of one cell, in units of UTF-16."""
_LONGEST_NAME = 31
_WIDEST = 60
_BOLD, _DAY, _TENTHS, _TEXT = 1, 2, 3, 4
"""The formats of ``_STYLES``; 0 is that of any other cell."""
_EPOCH = date(1899, 12, 30)
"""Day 0 of a spreadsheet; right from March 1900 on, as Excel takes 1900 for a leap year."""
_NOT_IN_XML = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\r\ufffe\uffff\ud800-\udfff]|_(?=x[0-9A-Fa-f]{4}_)"
)
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="0.0"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1" applyAlignment="1">'
    '<alignment vertical="top" wrapText="1"/></xf>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)


def workbook(tables: Sequence[Table], is_formula: Callable[[str], bool]) -> bytes:
    """The tables as one file; the same tables give the same bytes.

    A text that ``is_formula`` stays a text and carries the mark of a typed apostrophe.
    """
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as package:
        for name, content in _frame([table.name for table in tables]).items():
            package.writestr(_entry(name), content)
        for number, table in enumerate(tables, start=1):
            with package.open(_entry(f"xl/worksheets/sheet{number}.xml"), "w") as sheet:
                for part in _sheet(table, is_formula):
                    sheet.write(part.encode())
    return file.getvalue()


def _entry(name: str) -> ZipInfo:
    """A member without the moment at which it was written."""
    entry = ZipInfo(name)
    entry.compress_type = ZIP_DEFLATED
    return entry


def _frame(names: Sequence[str]) -> Mapping[str, str]:
    """Every member but the sheets."""
    numbers = range(1, len(names) + 1)
    sheet_types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for n in numbers
    )
    sheets = "".join(
        f'<sheet name="{_attribute(name[:_LONGEST_NAME])}" sheetId="{n}" r:id="rId{n}"/>'
        for n, name in zip(numbers, names, strict=True)
    )
    relations = [_relation(n, "worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
    relations.append(_relation(len(names) + 1, "styles", "styles.xml"))
    return {
        "[Content_Types].xml": (
            f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
            f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
            f'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
            f"{sheet_types}</Types>"
        ),
        "_rels/.rels": _relations([_relation(1, "officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": (
            f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets>'
            "</workbook>"
        ),
        "xl/_rels/workbook.xml.rels": _relations(relations),
        "xl/styles.xml": _STYLES,
    }


def _relation(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


def _relations(each: Sequence[str]) -> str:
    all_of_them = "".join(each)
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{all_of_them}</Relationships>'


def _sheet(table: Table, is_formula: Callable[[str], bool]) -> Iterator[str]:
    """The sheet of a table in parts: its head, each row, its foot."""
    letters = [_letters(at) for at in range(len(table.columns))]
    widths = "".join(
        f'<col min="{at}" max="{at}" width="{width}" customWidth="1"/>'
        for at, width in enumerate(_widths(table), start=1)
    )
    yield (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        f"</sheetView></sheetViews>{f'<cols>{widths}</cols>' if widths else ''}<sheetData>"
    )
    cells = _Cells(is_formula)
    headings = (cells.text(column.title, _BOLD) for column in table.columns)
    yield _row(1, letters, headings)
    for number, row in enumerate(table.rows, start=2):
        yield _row(number, letters, [cells.of(cell) for cell in row])
    yield "</sheetData>"
    if letters:
        yield f'<autoFilter ref="A1:{letters[-1]}{max(2, len(table.rows) + 1)}"/>'
    yield "</worksheet>"


def _widths(table: Table) -> Iterator[int]:
    for at, column in enumerate(table.columns):
        longest = max((len(str(row[at])) for row in table.rows[:200]), default=0)
        yield min(_WIDEST, 2 + max(longest, len(column.title) // 2 + 1))


def _row(number: int, letters: Sequence[str], cells: Iterator[str] | Sequence[str]) -> str:
    inner = "".join(
        f'<c r="{letter}{number}"{cell}</c>'
        for letter, cell in zip(letters, cells, strict=True)
        if cell
    )
    return f'<row r="{number}">{inner}</row>'


class _Cells:
    """Cells from behind their address on, by what they hold; nothing for an empty one."""

    def __init__(self, is_formula: Callable[[str], bool]) -> None:
        self._is_formula = is_formula

    def of(self, cell: Cell) -> str:
        """Any cell; the commonest kinds first, because a large report is mostly numbers."""
        match cell:
            case int():
                return f"><v>{cell:d}</v>"
            case str():
                return self.text(cell)
            case None:
                return ""
            case date():
                return f' s="{_DAY}"><v>{(cell - _EPOCH).days}</v>'
            case Decimal():
                return f' s="{_TENTHS}"><v>{cell:f}</v>'

    def text(self, text: str, form: int = 0) -> str:
        """A text, marked as one where it could be taken for something else."""
        if self._is_formula(text):
            form = form or _TEXT
        marked = f' s="{form}"' if form else ""
        return f'{marked} t="inlineStr"><is><t xml:space="preserve">{_escaped(text)}</t></is>'


def _escaped(text: str) -> str:
    """The text for XML; what XML has no character for as ``_xHHHH_`` (section 22.9.2.19)."""
    if len(text) > _MOST_UNITS // 2:
        units = text.encode("utf-16-le", "surrogatepass")[: 2 * _MOST_UNITS]
        text = units.decode("utf-16-le", "ignore")
    return escape(_NOT_IN_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", text))


def _attribute(text: str) -> str:
    return escape(text, {'"': "&quot;"})


def _letters(at: int) -> str:
    """The name of the column at that place, from 0 on: A … Z, AA …"""
    name = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
