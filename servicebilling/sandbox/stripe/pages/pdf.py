"""A small PDF: lines of text on A4, written by hand."""

import textwrap

LINES_OF_A_PAGE = 52
WIDTH = 90


def document(lines: list[str]) -> bytes:
    """Return a PDF that shows these lines in a fixed-width font."""
    wrapped = [
        part
        for line in lines
        for part in (textwrap.wrap(line, WIDTH, drop_whitespace=False) or [""])
    ]
    pages = [
        wrapped[start : start + LINES_OF_A_PAGE]
        for start in range(0, len(wrapped), LINES_OF_A_PAGE)
    ] or [[""]]
    # 1 the catalogue, 2 the tree of pages, 3 the font, then a page and its text each.
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
    ]
    for number, rows in enumerate(pages):
        text = _text(rows)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842]"
            b" /Resources << /Font << /F1 3 0 R >> >>"
            b" /Contents %d 0 R >>" % (5 + 2 * number)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text))
    return _file(objects)


def _text(rows: list[str]) -> bytes:
    shown = [b"BT /F1 9.5 Tf 50 790 Td 14 TL"]
    for row in rows:
        escaped = row.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        shown.append(b"(" + escaped.encode("cp1252", "replace") + b") Tj T*")
    return b"\n".join([*shown, b"ET"])


def _file(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    begin = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for place in places:
        out += b"%010d 00000 n \n" % place
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    out += b"startxref\n%d\n%%%%EOF\n" % begin
    return bytes(out)
