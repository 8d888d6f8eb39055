import Foundation
import Testing

@testable import SpecKit

/// The events of input devices against the C headers of the machine that runs the tests.
@Suite("Events of input devices and linux/input.h") struct EventCodeHeaderTests {
  private static let headers = ["/usr/include/linux/input-event-codes.h", "/usr/include/linux/input.h"]
  private static let hasHeaders = headers.allSatisfy { FileManager.default.fileExists(atPath: $0) }

  /// The constants of both headers; those that are defined as another have its number.
  private static func constants() throws -> [String: Int] {
    var constants: [String: Int] = [:]
    for header in headers {
      for line in try String(contentsOfFile: header, encoding: .utf8).split(separator: "\n") {
        let words = line.split(whereSeparator: \.isWhitespace)
        guard words.count >= 3, words[0] == "#define" else { continue }
        let text = words[2]
        let value = text.hasPrefix("0x") ? Int(text.dropFirst(2), radix: 16) : Int(text) ?? constants[String(text)]
        if let value { constants[String(words[1])] = value }
      }
    }
    return constants
  }

  @Test("Every name has the header's number, and none of the header is missing", .enabled(if: hasHeaders))
  func numbers() throws {
    let header = try Self.constants()
    let spec = try SystemCallHeaderTests.spec(EventCodeSpec.self, "input/event-codes.json")
    var known: [String: Int] = [:]
    for type in spec.types {
      known[type.name.value] = type.number.value
      for code in type.codes ?? [] {
        for name in code.names { known[name.value] = Int(code.code.value.value) }
      }
      guard let last = type.last, let prefix = type.prefixes?.first else { continue }
      #expect(header["\(prefix)MAX"] == Int(last.value.value), "\(prefix)MAX")
    }
    for property in spec.properties { known[property.name.value] = property.number.value }
    for bus in spec.buses { known[bus.name.value] = Int(bus.number.value.value) }
    #expect(known.count > 700)
    for (name, number) in known { #expect(header[name] == number, "\(name)") }
    // Bounds, and names of ranges within others.
    let bounds: Set = ["KEY_MIN_INTERESTING", "FF_MAX_EFFECTS"]
    let prefixes = spec.types.flatMap { $0.prefixes ?? [] } + ["EV_", "INPUT_PROP_", "BUS_"]
    for name in header.keys where prefixes.contains(where: { name.hasPrefix($0) }) {
      let isBound = name.hasSuffix("_MIN") || name.hasSuffix("_CNT") || name.hasSuffix("_MAX") && known[name] == nil
      if !isBound && !bounds.contains(name) && name != "EV_VERSION" { #expect(known[name] != nil, "\(name)") }
    }
  }
}
