import Foundation
import Testing

@testable import SpecKit

/// Decoding keeps places, and a value that does not fit its type gets a diagnostic instead of a crash.
@Suite struct DecodingTests {
  private func node(_ text: String) throws -> JSONNode {
    try JSONParser.parse(SourceText(file: "x.json", bytes: Array(text.utf8)))
  }

  private struct Register: Decodable {
    enum Access: String, Decodable { case read, write }
    let name: Located<String>
    let offset: SpecInteger
    let width: UInt8
    let access: Access?
    let fields: [Located<Int>]?
  }

  @Test("a type is decoded with the places of its parts")
  func places() throws {
    let text =
      "[\n  { \"name\": \"lineStatus\", \"offset\": \"0x5\", \"width\": \"0x08\", \"access\": \"read\", \"fields\": [0, 5] }\n]"
    let registers = try SpecDecoder.decode([Register].self, from: node(text))
    let register = try #require(registers.first)
    #expect(register.name.value == "lineStatus")
    #expect(register.name.position == SourcePosition(line: 2, column: 13))
    #expect(register.name.path.description == "[0].name")
    #expect(register.offset == SpecInteger(5) && register.offset.isHexadecimal)
    #expect(register.width == 8)
    #expect(register.access == .read)
    #expect(register.fields?.map(\.path.description) == ["[0].fields[0]", "[0].fields[1]"])
  }

  @Test(
    "a value that does not fit is reported where it stands",
    arguments: [
      (#"{ "name": 1, "offset": 0, "width": 8 }"#, "1:11", "name"),
      (#"{ "name": "a", "offset": "5", "width": 8 }"#, "1:26", "offset"),
      (#"{ "name": "a", "offset": 0, "width": 256 }"#, "1:38", "width"),
      (#"{ "name": "a", "offset": 0, "width": 8, "access": "rw" }"#, "1:51", "access"),
      (#"{ "name": "a", "offset": 0, "width": 8, "fields": [1, "b"] }"#, "1:55", "fields[1]"),
      (#"{ "name": "a", "offset": 0, "width": 8, "fields": {} }"#, "1:51", "fields"),
      (#"{ "name": "a", "width": 8 }"#, "1:1", "$"),
      ("[]", "1:1", "$"),
    ])
  func mistakes(text: String, place: String, path: String) throws {
    let node = try node(text)
    #expect {
      try SpecDecoder.decode(Register.self, from: node)
    } throws: { error in
      guard let diagnostic = (error as? SpecErrors)?.diagnostics.first else { return false }
      return "\(diagnostic.position)" == place && diagnostic.path.description == path
    }
  }

  @Test(
    "an integer may be decimal, or hexadecimal in a string",
    arguments: [
      ("0", 0), ("-7", -7), ("\"0x0\"", 0), ("\"0xfF\"", 255), ("\"0xFFFF_FFFF_FFFF_FFFF\"", Int128(UInt64.max)),
      ("\"-0x10\"", -16),
    ] as [(String, Int128)])
  func integers(text: String, value: Int128) throws {
    #expect(try SpecInteger(node(text))?.value == value)
  }

  @Test(
    "what is no integer is none",
    arguments: ["1.5", "\"5\"", "\"0x\"", "\"0xG\"", "\"x10\"", "\"0x1 \"", "true", "null", "\"0x_\""])
  func noIntegers(text: String) throws {
    #expect(try SpecInteger(node(text)) == nil)
  }

  @Test("members whose keys are data keep their order and their places")
  func ordered() throws {
    let vendors = try SpecDecoder.decode(
      OrderedMembers<Located<String>>.self, from: node("{ \"8086\": \"Intel\", \"1022\": \"AMD\" }"))
    #expect(vendors.members.map(\.key.value) == ["8086", "1022"])
    #expect(vendors.members.map(\.key.position.column) == [3, 20])
    #expect(vendors.members.map(\.value.position.column) == [11, 28])
  }

  @Test("a word is taken for the one it was meant to be, and for none when it is too far off")
  func suggestions() {
    let known = ["handler", "identifier", "vector", "vectors", "ist"]
    #expect(Suggestion.nearest(to: "handlr", among: known) == "handler")
    #expect(Suggestion.nearest(to: "Hanlder", among: known) == "handler")
    #expect(Suggestion.nearest(to: "vektor", among: known) == "vector")
    #expect(Suggestion.nearest(to: "its", among: known) == "ist")
    #expect(Suggestion.nearest(to: "colour", among: known) == nil)
    #expect(Suggestion.nearest(to: "", among: known) == nil)
  }
}
