"""Which texts look like JSON and are not, and which are though they don't look like it?"""

_STRUCTURES = rb"""
[1 true]
["": 1]
[""],
[,1]
[1,,2]
["x"]]
["",]
["x"
[x
[3[4]]
[1:2]
[,]
[-]
[   , ""]
[1,]
[""
[1,
[*]
[
]
}
[}
[{]
{"x"
{]
{"x", null}
{"x"::"b"}
{"x" "b"}
{"a":"a" 123}
{key: 'value'}
{"a" b}
{:"b"}
{"a":
{"a":"a
{1:1}
{9999E9999:1}
{null:null,null:null}
{"id":0,,,,,}
{'a':0}
{"id":0,}
{"a":"b"}/**/
{"a":"b"}//
{"a":/*comment*/"b"}
{"a":"b",,"c":"d"}
{a: "b"}
{"a"}
{"a",}
{[]:1}
<.>
[<null>]
[1]x
[1]#
1]
#
*
@
"""
_LITERALS = rb"""
nul
tru
fals
nulll
True
FALSE
NULL
None
undefined
yes
n
'single'
abc
`a`
b"x"
"""
_NUMBERS = rb"""
++1234
+1
+Inf
-01
-1.0.
-2.
-NaN
.-1
.2e-3
.5
0.1.2
0.3e+
0.3e
0.e1
0E+
0E
0e
0e+
1.0e+
1.0e-
1.0e
1 000.0
1eE2
2.e+3
2.e3
9.e+
1.
Inf
nan
infinity
-Infinity7
-foo
0x1
0x42
0b1
0o7
1+2
- 1
-
--1
-012
-.123
1ea
01
00
-00
012
1a
1_000
1,5
1.2a-3
1.8011670033376514H-308
"""
_STRINGS = rb"""
"\u"
"\u00A"
"\u00"
"\uD834\uDd"
"\uD800\u1"
"\uD800\u1x"
"\x00"
"\a"
"\0"
"\'"
"\"
"\\\"
"\{"
"\uqqqq"
"\u+123"
"\u 123"
"\u{41}"
"\UA66D"
"\u00e
"
"x
x"
"a" "b"
"a"+"b"
"""
_BYTES = (
    b'"new\nline"',
    b'"tab\tinside"',
    b'"nul\x00inside"',
    b'"bell\x07"',
    b'"escape\x1b"',
    b'"unit\x1fseparator"',
    b'"\\\t"',
    b"[\x0b]",
    b"[\x0c]",
    b"[\x00]",
    b"[\xc2\xa0]",
    b"[\xe2\x81\xa0]",
    b"[\xef\xbb\xbf]",
    b"\xef\xbc\x91",
    b"[a\xc3\xa5]",
    b"{\xf0\x9f\x87\xa8\xf0\x9f\x87\xad}",
    b'"\xff"',
    b'"\xe5"',
    b'"\\\xe5"',
    b"[\xff]",
    b"\xff",
    b"\xe5",
    b"123\xe5",
    b"1e1\xe5",
    b"0\xe5",
    b"-123.123foo",
    b'"\xe2\x80\x9cquoted\xe2\x80\x9d',
    b"\xe2\x80\x9cquoted\xe2\x80\x9d",
    b"",
    b" ",
)


def _lines(*tables: bytes) -> tuple[bytes, ...]:
    return tuple(line for table in tables for line in table.split(b"\n") if line)


NOT_JSON = (*_lines(_STRUCTURES, _LITERALS, _NUMBERS, _STRINGS), *_BYTES)
"""Texts that are no JSON value wherever a value may stand."""

NOT_JSON_DOCUMENTS = (
    b"",
    b" ",
    b"{",
    b"}",
    b"[",
    b"]",
    b"{{",
    b"{}}",
    b"{[",
    b'{"',
    b'{"a',
    b'{"a"',
    b'{"a":',
    b'{"name":"n"',
    b"\\",
    b"\x00",
    b"\x00{}",
    b"\x1e{}",
    b"\xff",
    b"\xfe\xff",
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb",
    b"\xef\xbb\xbf",
    b"\xe2\x81\xa0",
    b"\xc2\xa0{}",
    b"\x0c{}",
    b"<html></html>",
    b"name=n&email=a@example.com",
    b"undefined",
    b"[object Object]",
    b"{name: n}",
    b"{'name': 'n'}",
    b"--- {}",
    b'{"asd":"asd"}#',
    b'{"a":true} "x"',
    b'["asd]',
    b"aa\xc3\xa5",
    b"[\n{}\n",
    b"{}\n{}",
    b"// {}",
    b"/* */ {}",
    b"null",
    b"{}{}",
)
"""Bodies that are no JSON document, or one that is no object of arguments."""

VALUES = (
    "[[]   ]",
    '[""]',
    "[]",
    '["a"]',
    "[false]",
    '[null, 1, "1", {}]',
    "[null]",
    "[1\n]",
    " [1]",
    "[1,null,null,null,2]",
    "[2] ",
    "[123e65]",
    "[0e+1]",
    "[0e1]",
    "[ 4]",
    "-0.000000000000000000000000000000000000000000000000000000000000000000000000000001",
    "20e1",
    "-0",
    "-0.0",
    "0",
    "0.0",
    "-123",
    "-1",
    "1E22",
    "1e21",
    "1e16",
    "1e15",
    "1E-2",
    "1E+2",
    "123e45",
    "123.456e78",
    "1e-2",
    "1e+2",
    "1e-400",
    "123",
    "123.456789",
    "0.1",
    "0.10000",
    "1.0",
    "0.30000000000000004",
    "5e-324",
    "1.7976931348623157e308",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "100000000000000000000000000000000000000000000000000001",
    "123456789012345678901234567890.5",
    '{"asd":"sdf", "dfg":"fgh"}',
    '{"asd":"sdf"}',
    '{"a":"b","a":"c"}',
    '{"a":"b","a":"b"}',
    "{}",
    '{"":0}',
    '{"foo\\u0022bar": 42}',
    '{ "min": -1.0e+28, "max": 1.0e+28 }',
    '{"x":[{"id": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}], "id": "x"}',
    '{"a":[]}',
    '{"title":"\\u041f\\u043e\\u043b\\u0442\\u043e\\u0440\\u0430" }',
    '{\n"a": "b"\n}',
    '"\\u0060\\u012a\\u12AB"',
    '"\\uD801\\udc37"',
    '"\\ud83d\\ude39\\ud83d\\udc8d"',
    '"\\"\\\\\\/\\b\\f\\n\\r\\t"',
    '"\\\\u0012"',
    '"\\""',
    '"a/*b*/c/*d//e"',
    '"\\\\a"',
    '"\\\\n"',
    '"\\u0012"',
    '"\\u001f\\u0001"',
    '"\\u007f\\u0080\\u009f"',
    '"\\uFFFF"',
    '"asd "',
    '"\\uDBFF\\uDFFF"',
    '"new\\u00A0line"',
    '"\U0010ffff"',
    '"\uffff"',
    '"\\u002c"',
    '"\u03c0"',
    '"\U0001f600"',
    '"\u2028\u2029"',
    '"\x7f"',
    '"\\u200B\\u2064\\uFDD0\\uFFFE"',
    '"\u20ac\U0001d11e"',
    '"<script>&amp;</script>"',
    '"\\u0022"',
    '"\\u0061\\u30af\\u30EA\\u30b9"',
    "true",
    "false",
    "null",
    '""',
    '"\\ufffd"',
)
"""JSON values that are sent as a member of metadata."""
