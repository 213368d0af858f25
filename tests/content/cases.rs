//! The hard cases: what real devices write. For each: the form, the bytes, a property and what it says.

use anchorage::record::Form;

/// One case.
pub struct Case {
    /// What is hard about it.
    pub what: &'static str,
    /// Its form.
    pub form: Form,
    /// Its lines, to be put into an object of that form unless they begin one.
    pub lines: &'static [u8],
    /// A property in it.
    pub name: &'static str,
    /// What the property says: decoded, and for compounds and lists split.
    pub says: &'static [&'static str],
    /// Its types.
    pub types: &'static [&'static str],
}

macro_rules! case {
    ($form:ident, $what:expr, $lines:expr, $name:expr, $says:expr) => {
        case!($form, $what, $lines, $name, $says, [])
    };
    ($form:ident, $what:expr, $lines:expr, $name:expr, $says:expr, $types:expr) => {
        Case { what: $what, form: Form::$form, lines: $lines, name: $name, says: &$says, types: &$types }
    };
}

/// The bytes of a case as a whole object.
pub fn object(case: &Case) -> Vec<u8> {
    if case.lines.to_ascii_uppercase().starts_with(b"BEGIN:VC") || case.lines.starts_with(b"\xEF") {
        return case.lines.to_vec();
    }
    let (begin, end): (&str, &str) = match case.form {
        Form::Vcard21 => ("BEGIN:VCARD\r\nVERSION:2.1\r\n", "END:VCARD\r\n"),
        Form::Vcard30 => ("BEGIN:VCARD\r\nVERSION:3.0\r\n", "END:VCARD\r\n"),
        Form::Vcard40 => ("BEGIN:VCARD\r\nVERSION:4.0\r\n", "END:VCARD\r\n"),
        Form::Vcalendar10 => {
            ("BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\n", "END:VEVENT\r\nEND:VCALENDAR\r\n")
        }
        Form::Icalendar20 => {
            ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n", "END:VEVENT\r\nEND:VCALENDAR\r\n")
        }
        _ => ("BEGIN:VNOTE\r\nVERSION:1.1\r\n", "END:VNOTE\r\n"),
    };
    [begin.as_bytes(), case.lines, end.as_bytes()].concat()
}

/// The table.
pub fn all() -> Vec<Case> {
    vec![
        case!(Vcard21, "bare types", b"TEL;HOME;VOICE:+1 23\r\n", "TEL", ["+1 23"], ["HOME", "VOICE"]),
        case!(
            Vcard21,
            "QP, UTF-8",
            b"N;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:M=C3=BCller;J=c3=b6rg\r\n",
            "N",
            ["Müller", "Jörg"]
        ),
        case!(
            Vcard21,
            "QP, ISO-8859-1",
            b"N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;J=F6rg\r\n",
            "N",
            ["Müller", "Jörg"]
        ),
        case!(
            Vcard21,
            "QP without CHARSET, UTF-8 bytes",
            b"FN;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg\r\n",
            "FN",
            ["Jörg"]
        ),
        case!(
            Vcard21,
            "QP without CHARSET, Latin-1 bytes",
            b"FN;ENCODING=QUOTED-PRINTABLE:J=F6rg\r\n",
            "FN",
            ["Jörg"]
        ),
        case!(
            Vcard21,
            "bare QP with soft breaks",
            b"NOTE;QUOTED-PRINTABLE:first=0D=0A=\r\nsecond=3A =\r\nthird\r\n",
            "NOTE",
            ["first\nsecond: third"]
        ),
        case!(
            Vcard21,
            "soft break, then a space",
            b"NOTE;ENCODING=QUOTED-PRINTABLE:one=\r\n two\r\n",
            "NOTE",
            ["one two"]
        ),
        case!(
            Vcard21,
            "soft break as LF",
            b"NOTE;ENCODING=QUOTED-PRINTABLE:one=\n two=3D\r\n",
            "NOTE",
            ["one two="]
        ),
        case!(
            Vcard21,
            "soft break of the Nokia N9",
            b"NOTE;ENCODING=QUOTED-PRINTABLE:one==0A=0D=\r\ntwo\r\n",
            "NOTE",
            ["onetwo"]
        ),
        case!(Vcard21, "soft break before END", b"NOTE;ENCODING=QUOTED-PRINTABLE:cut=\r\n", "NOTE", ["cut="]),
        case!(
            Vcard21,
            "QP that is none",
            b"NOTE;ENCODING=QUOTED-PRINTABLE:50=ZZ =3\r\n",
            "NOTE",
            ["50=ZZ =3"]
        ),
        case!(Vcard21, "raw 8-bit ISO-8859-1", b"N:M\xFCller;J\xF6rg\r\n", "N", ["Müller", "Jörg"]),
        case!(
            Vcard21,
            "raw 8-bit UTF-8",
            "N;CHARSET=UTF-8:Müller;Jörg\r\n".as_bytes(),
            "N",
            ["Müller", "Jörg"]
        ),
        case!(Vcard21, "Windows-1252", b"NOTE;CHARSET=windows-1252:5 \x80\r\n", "NOTE", ["5 €"]),
        case!(
            Vcard21,
            "PHOTO, folded, and a blank line",
            b"PHOTO;ENCODING=BASE64;TYPE=JPEG:\r\n /9j/\r\n 4AAQ\r\n\r\nNOTE:after\r\n",
            "NOTE",
            ["after"]
        ),
        case!(
            Vcard21,
            "PHOTO;JPEG;BASE64, unindented",
            b"PHOTO;JPEG;BASE64:/9j/\r\n4AAQ\r\n\r\nNOTE:after\r\n",
            "PHOTO",
            ["/9j/4AAQ"],
            ["JPEG"]
        ),
        case!(
            Vcard21,
            "backslashes and commas are literal",
            b"NOTE:C:\\new\\temp, a\\, b\r\n",
            "NOTE",
            ["C:\\new\\temp, a\\, b"]
        ),
        case!(Vcard21, "escaped semicolon in a component", b"ORG:A\\;B;C\\D\r\n", "ORG", ["A;B", "C\\D"]),
        case!(
            Vcard21,
            "AGENT with a card in it",
            b"AGENT:\r\nBEGIN:VCARD\r\nVERSION:2.1\r\nN:Inner\r\nEND:VCARD\r\nNOTE:outer\r\n",
            "NOTE",
            ["outer"]
        ),
        case!(
            Vcard21,
            "QP with line breaks",
            b"NOTE;ENCODING=QUOTED-PRINTABLE:a=0D=0Ab=0Ac\r\n",
            "NOTE",
            ["a\nb\nc"]
        ),
        case!(
            Vcard21,
            "unknown bare parameters",
            b"X-IRMC-FIELD;FOO;BAR:x;y,z\\,\r\n",
            "X-IRMC-FIELD",
            ["x;y,z\\,"],
            ["FOO", "BAR"]
        ),
        case!(
            Vcard21,
            "lower case, LF only",
            b"begin:vcard\nversion:2.1\ntel;cell:1\nend:vcard\n",
            "TEL",
            ["1"],
            ["CELL"]
        ),
        case!(
            Vcard21,
            "CR only",
            b"BEGIN:VCARD\rVERSION:2.1\rTEL;CELL:1\rEND:VCARD\r",
            "TEL",
            ["1"],
            ["CELL"]
        ),
        case!(
            Vcard21,
            "mixed line ends, no final one",
            b"BEGIN:VCARD\nVERSION:2.1\r\nTEL;CELL:1\r\r\nEND:VCARD",
            "TEL",
            ["1"],
            ["CELL"]
        ),
        case!(
            Vcard21,
            "a line end inside a base64 text",
            b"NOTE;ENCODING=BASE64:R3L8\r\n3GU=\r\n\r\n",
            "NOTE",
            ["GrüÜe"]
        ),
        case!(
            Vcard21,
            "trailing NULs",
            b"BEGIN:VCARD\r\nVERSION:2.1\r\nTEL:1\r\nEND:VCARD\0\0",
            "TEL",
            ["1"]
        ),
        case!(
            Vcard30,
            "a byte order mark",
            b"\xEF\xBB\xBFBEGIN:VCARD\r\nVERSION:3.0\r\nFN:x\r\nEND:VCARD\r\n",
            "FN",
            ["x"]
        ),
        case!(
            Vcard30,
            "X- value with separators",
            b"X-ANDROID-CUSTOM:a;b;c,d\r\n",
            "X-ANDROID-CUSTOM",
            ["a;b;c,d"]
        ),
        case!(
            Vcard30,
            "groups",
            b"item1.TEL:+1\r\nitem1.X-ABLabel:_$!<Mobile>!$_\r\n",
            "X-ABLABEL",
            ["_$!<Mobile>!$_"]
        ),
        case!(Vcard30, "escapes", b"NOTE:a\\nb\\Nc\\, d\\; e\\\\n\\:\r\n", "NOTE", ["a\nb\nc, d; e\\n:"]),
        case!(Vcard30, "odd escapes", b"NOTE:\\x and \\\r\n", "NOTE", ["\\x and \\"]),
        case!(Vcard30, "TYPE as a list", b"TEL;TYPE=home,voice:1\r\n", "TEL", ["1"], ["HOME", "VOICE"]),
        case!(Vcard30, "TYPE repeated", b"TEL;TYPE=home;TYPE=voice:1\r\n", "TEL", ["1"], ["HOME", "VOICE"]),
        case!(Vcard30, "TYPE quoted", b"TEL;TYPE=\"home,voice\":1\r\n", "TEL", ["1"], ["HOME", "VOICE"]),
        case!(Vcard30, "quoted parameters", b"X-A;X-P=\"a;b:c\",d:v\r\n", "X-A", ["v"]),
        case!(Vcard30, "a quote that never ends", b"X-A;X-P=\"a:v\r\n", "X-A", ["v"]),
        case!(
            Vcard30,
            "a fold inside a UTF-8 character",
            b"NOTE:Gr\xC3\r\n \xBC\xC3\x9Fe\r\n",
            "NOTE",
            ["Grüße"]
        ),
        case!(Vcard30, "a fold with a tab, inside a name", b"NO\r\n\tTE:x\r\n", "NOTE", ["x"]),
        case!(Vcard30, "a fold inside an escape", b"NOTE:a\\\r\n nb\r\n", "NOTE", ["a\nb"]),
        case!(Vcard30, "a line without colon", b"what is this\r\nNOTE:x\r\n", "NOTE", ["x"]),
        case!(
            Vcard30,
            "components with lists",
            b"N:Stevenson;John;Philip,Paul;Dr.;Jr.,M.D.\\;x\r\n",
            "N",
            ["Stevenson", "John", "Philip,Paul", "Dr.", "Jr.,M.D.;x"]
        ),
        case!(Vcard30, "CATEGORIES", b"CATEGORIES:a\\,b,c;d\r\n", "CATEGORIES", ["a,b", "c;d"]),
        case!(Vcard30, "no year", b"BDAY:--0412\r\n", "BDAY", ["--0412"]),
        case!(
            Vcard30,
            "quoted-printable where it must not be",
            b"FN;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:J=C3=B6rg\r\n",
            "FN",
            ["Jörg"]
        ),
        case!(
            Vcard40,
            "a data URI",
            b"PHOTO:data:image/jpeg;base64,/9j/\r\n",
            "PHOTO",
            ["data:image/jpeg;base64,/9j/"]
        ),
        case!(Vcard40, "PID, ALTID, PREF", b"EMAIL;PID=1.1;PREF=1;ALTID=2:a@b\r\n", "EMAIL", ["a@b"]),
        case!(
            Vcalendar10,
            "alarms",
            b"AALARM;TYPE=X-EPOCSOUND:20200101T080000Z;;0;\r\n",
            "AALARM",
            ["20200101T080000Z;;0;"],
            ["X-EPOCSOUND"]
        ),
        case!(Vcalendar10, "a rule", b"RRULE:MP1 1+ SU #6\r\n", "RRULE", ["MP1 1+ SU #6"]),
        case!(
            Vcalendar10,
            "EXDATE with semicolons",
            b"EXDATE:20200101T080000;20200102T080000\r\n",
            "EXDATE",
            ["20200101T080000;20200102T080000"]
        ),
        case!(Vcalendar10, "CATEGORIES with semicolons", b"CATEGORIES:A;B\r\n", "CATEGORIES", ["A", "B"]),
        case!(Vcalendar10, "CATEGORIES with commas", b"CATEGORIES:A,B\r\n", "CATEGORIES", ["A", "B"]),
        case!(
            Vcalendar10,
            "QP SUMMARY",
            b"SUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Z=C3=BCrich=0D=0A!\r\n",
            "SUMMARY",
            ["Zürich\n!"]
        ),
        case!(
            Icalendar20,
            "alarms in an event",
            b"BEGIN:VALARM\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nSUMMARY:x\r\n",
            "SUMMARY",
            ["x"]
        ),
        case!(
            Icalendar20,
            "a missing END inside",
            b"BEGIN:VALARM\r\nTRIGGER:-PT15M\r\n",
            "TRIGGER",
            ["-PT15M"]
        ),
        case!(
            Icalendar20,
            "an unknown rule part",
            b"RRULE:FREQ=DAILY;X-FOO=1\r\n",
            "RRULE",
            ["FREQ=DAILY;X-FOO=1"]
        ),
        case!(
            Icalendar20,
            "a geo URI",
            b"X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE=\"a, b\":geo:1.5,2.5\r\n",
            "X-APPLE-STRUCTURED-LOCATION",
            ["geo:1.5,2.5"]
        ),
        case!(
            Vnote11,
            "vNote",
            b"BODY;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Gr=C3=BC=C3=9Fe=0D=0A2\r\nX-IRMC-LUID:7\r\n",
            "BODY",
            ["Grüße\n2"]
        ),
    ]
}
