import Foundation

/// The project's own files, as the structure tests read them.
struct SourceTree {
  /// One Swift file: its path from the root, and its lines.
  struct File: Sendable, CustomStringConvertible {
    var path: String
    var lines: [String]
    var description: String { path }
  }

  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Every Swift file below `folder`.
  static func swiftFiles(in folder: String) throws -> [File] {
    let base = root.appending(path: folder)
    guard let walker = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil) else { return [] }
    return try walker.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }.map { url in
      let text = try String(contentsOf: url, encoding: .utf8)
      let path = String(url.standardizedFileURL.path.dropFirst(root.standardizedFileURL.path.count + 1))
      return File(path: path, lines: text.components(separatedBy: "\n"))
    }.sorted { $0.path < $1.path }
  }

  /// A line of Swift without its comment and without the contents of its string literals.
  static func code(of line: String) -> String {
    var result = ""
    var isString = false
    var previous: Character = " "
    for character in line {
      if character == "\"" && previous != "\\" {
        isString.toggle()
      } else if !isString {
        if character == "/" && previous == "/" {
          result.removeLast()
          return result
        }
        result.append(character)
      }
      previous = character
    }
    return result
  }
}
