import Foundations
import TestSupport
import Testing

@Suite("CommandLine")
struct CommandLineTests {
  typealias Line = Foundations.CommandLine

  private func value(_ line: Line, _ key: String) -> String? {
    guard let bytes = line.value(key) else { return nil }
    return text(bytes)
  }

  /// Every parameter as `key` or `key=value`, with values in angle brackets.
  private func parameters(_ input: String) -> [String] {
    let bytes = Array(input.utf8)
    let line = Line(bytes.span)
    var found: [String] = []
    var position = 0
    while let parameter = line.next(after: &position) {
      let key = text(line.bytes(parameter.key))
      found.append(parameter.value.map { "\(key)=<\(text(line.bytes($0)))>" } ?? key)
    }
    return found
  }

  @Test(
    "Parameters split as on Linux",
    arguments: [
      ("", []), ("   \t\n ", []), ("quiet", ["quiet"]), ("  a  b\tc\n", ["a", "b", "c"]),
      ("root=/dev/vda1", ["root=</dev/vda1>"]),
      ("a=b=c", ["a=<b=c>"]), ("a=", ["a=<>"]), ("=a", ["=a"]), ("=", ["="]), ("==a", ["==<a>"]),
      (#"a="b c" d"#, ["a=<b c>", "d"]), (#""a=b c" d"#, ["a=<b c>", "d"]), (#""a b"="c""#, [#"a b"=<c>"#]),
      (#"a="""#, ["a=<>"]), (#"a=""#, ["a=<>"]), (#"""#, [""]), (#""""#, [""]), (#"a="b c"#, ["a=<b c>"]),
      (#"a=b"c d"e f"#, [#"a=<b"c d"e>"#, "f"]),
      ("a -- b=c d", ["a"]), (#"a "--" b"#, ["a"]), ("a --b c", ["a", "--b", "c"]), ("a\u{0}b c", ["a"]),
      ("ä=ö", ["ä=<ö>"]),
    ] as [(String, [String])])
  func split(input: String, expected: [String]) {
    #expect(parameters(input) == expected)
  }

  @Test("What follows -- belongs to init")
  func initArguments() {
    func rest(_ input: String) -> String {
      let bytes = Array(input.utf8)
      return text(Line(bytes.span).initArguments)
    }
    #expect(rest("quiet --  single -- x") == "single -- x")
    #expect(rest("quiet") == "" && rest("quiet --") == "" && rest("--x") == "" && rest("--=x") == "")
  }

  @Test("Look-ups take the last of several, and hyphens equal underscores")
  func lookUps() {
    let bytes = Array(
      "init=/a loglevel=3 console=ttyS0 console=tty0 mem=64M init=/b quiet no-apic max_cpus=0x10 nosmp=off bad=1x".utf8)
    let line = Line(bytes.span)
    #expect(value(line, "init") == "/b")
    #expect(value(line, "console") == "tty0")
    #expect(line.integer("loglevel") == 3 && line.integer("max-cpus") == 16 && line.integer("bad") == nil)
    #expect(line.size("mem") == 64 << 20 && line.integer("mem") == nil)
    #expect(line.flag("quiet") == true && line.flag("no_apic") == true && line.flag("nosmp") == false)
    #expect(line.flag("bad") == true && line.flag("init") == nil && line.flag("missing") == nil)
    #expect(line.contains("quiet") && !line.contains("quie") && !line.contains("quiett") && !line.contains(""))
    #expect(value(line, "quiet") == nil && line.integer("quiet") == nil)
  }

  @Test(
    "Numbers and sizes",
    arguments: [
      ("0", 0, 0), ("10", 10, 10), ("0x1F", 31, 31), ("0X1f", 31, 31), ("017", 15, 15), ("08", nil, nil),
      ("0x", nil, nil),
      ("", nil, nil), ("-1", nil, nil), ("+1", nil, nil), (" 1", nil, nil), ("1 ", nil, nil),
      ("18446744073709551615", .max, .max),
      ("18446744073709551616", nil, nil), ("0xffffffffffffffff", .max, .max), ("0x10000000000000000", nil, nil),
      ("99999999999999999999", nil, nil), ("1k", nil, 1024), ("2M", nil, 2 << 20), ("0x10G", nil, 16 << 30),
      ("1T", nil, 1 << 40),
      ("1p", nil, 1 << 50), ("15E", nil, 15 << 60), ("16E", nil, nil), ("1KB", nil, nil), ("k", nil, nil),
      ("1z", nil, nil),
    ] as [(String, UInt64?, UInt64?)])
  func numbers(input: String, integer: UInt64?, size: UInt64?) {
    let bytes = Array(input.utf8)
    #expect(NumberText.integer(bytes.span) == integer)
    #expect(NumberText.size(bytes.span) == size)
  }

  @Test(
    "Switches",
    arguments: [
      ("1", true), ("yes", true), ("On", true), ("T", true), ("0", false), ("N", false), ("OFF", false), ("o", nil),
      ("ox", nil), ("", nil), ("2", nil), ("x", nil),
    ])
  func flags(input: String, expected: Bool?) {
    let bytes = Array(input.utf8)
    #expect(NumberText.flag(bytes.span) == expected)
  }

  @Test("Random lines never trap, lose no key and stay inside the text")
  func fuzz() {
    var generator = SeededGenerator(seed: 3)
    let alphabet = Array("ab=\"- \t".utf8) + [0, 0xff]
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0...24, using: &generator)).map { _ in
        alphabet.randomElement(using: &generator) ?? 0
      }
      let line = Line(bytes.span)
      var position = 0
      var count = 0
      while let parameter = line.next(after: &position) {
        count += 1
        #expect(parameter.key.upperBound <= bytes.count && (parameter.value?.upperBound ?? 0) <= bytes.count)
        #expect(parameter.value.map { $0.lowerBound > parameter.key.upperBound } ?? true)
        #expect(position <= bytes.count && count <= bytes.count)
      }
      _ = (line.integer("a"), line.size("b"), line.flag("a-b"), line.contains("--"))
    }
  }
}
