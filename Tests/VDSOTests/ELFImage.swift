import Foundation
import Machine

/// The shared object as a file.
enum ELFImage {
  static var bytes: [UInt8] {
    let span = SharedObjectImage.bytes
    return span.indices.map { span[$0] }
  }

  /// What `readelf` says of it.
  static func described(by arguments: [String]) throws -> String {
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).so")
    try Data(bytes).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/readelf")
    process.arguments = arguments + [file.path]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return text
  }

  /// Where its functions begin, by name, from the tables that a dynamic linker uses.
  static var functions: [String: UInt64] {
    let bytes = bytes
    func number(_ offset: Int, _ size: Int) -> Int {
      (0..<size).reduce(0) { $0 | Int(bytes[offset + $1]) << ($1 * 8) }
    }
    let headers = (0..<number(56, 2)).map { number(32, 8) + $0 * 56 }
    guard let dynamic = headers.first(where: { number($0, 4) == 2 }).map({ number($0 + 8, 8) }) else { return [:] }
    var tags: [Int: Int] = [:]
    for entry in stride(from: dynamic, to: dynamic + 512, by: 16) {
      if number(entry, 8) == 0 { break }
      tags[number(entry, 8)] = number(entry + 8, 8)
    }
    guard let hash = tags[4], let strings = tags[5], let symbols = tags[6] else { return [:] }
    var functions: [String: UInt64] = [:]
    // The number of chain links is that of symbols.
    for index in 1..<number(hash + 4, 4) {
      let symbol = symbols + index * 24
      let name = bytes[(strings + number(symbol, 4))...].prefix { $0 != 0 }
      functions[String(decoding: name, as: UTF8.self)] = UInt64(number(symbol + 8, 8))
    }
    return functions
  }
}
