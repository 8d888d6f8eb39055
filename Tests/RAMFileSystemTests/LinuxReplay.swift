import FileTestSupport
import Foundations
import LinuxABI
import Machine
import Security
import VFS

/// A call that ended otherwise than on Linux.
struct Disagreement: Error, CustomStringConvertible {
  let call: Substring
  let linux: Substring
  let here: String
  var description: String { "\(call): Linux says \(linux), here it is \(here)" }
}

/// Carries out the calls of a record. See Linux/README.md.
final class LinuxReplay {
  private let world: World
  private var slots: [OpenFile?] = Array(repeating: nil, count: 6)

  init(_ world: World) { self.world = world }

  func step(_ line: Substring) throws {
    guard let sign = line.range(of: " = ") else { return }
    let (call, linux) = (line[..<sign.lowerBound], line[sign.upperBound...])
    let words = call.split(separator: " ")
    var here: String
    do throws(Errno) {
      here = try run(words[0], Array(words.dropFirst()))
    } catch {
      here = error.name ?? "an error without a name"
    }
    if here != linux { throw Disagreement(call: call, linux: linux, here: here) }
  }

  private func path(_ word: Substring) -> [UInt8] { word == "@" ? [] : Array(word.utf8) }

  private func number(_ word: Substring, radix: Int = 10) -> Int64 { Int64(word, radix: radix) ?? 0 }

  /// What the descriptor in a slot is; O_PATH ones cannot be used.
  private func usable(_ word: Substring) throws(Errno) -> OpenFile {
    guard let file = slots[Int(number(word))], !file.mode.contains(.path) else { throw .EBADF }
    return file
  }

  private func run(_ name: Substring, _ words: [Substring]) throws(Errno) -> String {
    switch name {
    case "read", "pread", "write", "pwrite", "seek", "ftruncate", "list", "fallocate": try runOnFile(name, words)
    default: try runOnPath(name, words)
    }
  }

  private func runOnFile(_ name: Substring, _ words: [Substring]) throws(Errno) -> String {
    let value = words.count > 1 ? number(words[1]) : 0
    let second = words.count > 2 ? number(words[2]) : 0
    // A negative offset is refused before the descriptor is looked at.
    if name == "pread" || name == "pwrite", second < 0 { throw .EINVAL }
    if name == "ftruncate" && value < 0 { throw .EINVAL }
    let file = try usable(words[0])
    switch name {
    case "read": return Self.shown(try file.read(Int(value)))
    case "pread": return Self.shown(try file.read(Int(value), at: second))
    case "write": return String(try file.write(Array(repeating: UInt8(second), count: Int(value))))
    case "pwrite":
      return String(try file.write(Array(repeating: UInt8(number(words[3])), count: Int(value)), at: second))
    case "seek": return String(try seek(file, value, second))
    case "ftruncate": try file.truncate(to: value)
    case "list":
      _ = try file.seek(to: 0)
      return try file.names().sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.joined(separator: ",")
    default:
      guard number(words[3]) > 0 else { throw .EINVAL }
      let way: AllocationWay = value == 0 ? .reserve : value == 1 ? .reserveKeepingSize : .punchHole
      try file.allocate(second..<second + number(words[3]), way)
    }
    return "0"
  }

  private func seek(_ file: OpenFile, _ offset: Int64, _ origin: Int64) throws(Errno) -> Int64 {
    switch origin {
    case 0: try file.seek(to: offset)
    case 1: try file.seek(by: offset)
    case 2: try file.seek(fromEnd: offset)
    case 3: try file.seek(to: .data, from: offset)
    default: try file.seek(to: .hole, from: offset)
    }
  }

  private static func shown(_ bytes: [UInt8]) -> String {
    "\(bytes.count):" + String(FileName.hash(of: bytes.span), radix: 16)
  }

  private func runOnPath(_ name: Substring, _ words: [Substring]) throws(Errno) -> String {
    let actor = world.actor
    if name == "user" {
      let user = UInt32(words[0]) ?? 0
      var credentials = Credentials.root
      _ = credentials.setFileSystemGroup(GroupID(rawValue: user))
      _ = credentials.setFileSystemUser(UserID(rawValue: user))
      world.credentials = credentials
      return "0"
    }
    if name == "getcwd" {
      var text = GrowableArray<UInt8>()
      try actor.workingDirectory(into: &text)
      return text.text
    }
    let first = path(name == "open" ? words[1] : words[0])
    switch name {
    case "mkdir": try actor.makeDirectory(first.span, permissions: UInt16(number(words[1], radix: 8)))
    case "rmdir": try actor.remove(first.span, .directory)
    case "unlink": try actor.remove(first.span, .file)
    case "open":
      let flags = OpenFlags(rawValue: UInt64(number(words[2], radix: 8)))
      let file = try actor.open(first.span, flags, permissions: UInt16(number(words[3], radix: 8)))
      slots[Int(number(words[0]))] = file
    case "truncate": try actor.truncate(try actor.find(first.span), to: number(words[1]))
    case "chmod": try actor.setPermissions(try actor.find(first.span), UInt16(number(words[1], radix: 8)))
    case "chown":
      let user = words[1] == "-1" ? nil : UserID(rawValue: UInt32(number(words[1])))
      let group = words[2] == "-1" ? nil : GroupID(rawValue: UInt32(number(words[2])))
      try actor.setOwner(try actor.find(first.span), user: user, group: group)
    case "chdir": try actor.changeDirectory(to: try actor.find(first.span))
    case "readlink":
      var text = GrowableArray<UInt8>()
      try actor.readLink(try actor.find(first.span, followsLink: false), into: &text)
      return text.text
    case "stat": return try Self.shown(try actor.find(first.span, followsLink: words[1] == "0").inode)
    default: try runOnPaths(name, words, first, actor)
    }
    return "0"
  }

  private func runOnPaths(_ name: Substring, _ words: [Substring], _ first: [UInt8], _ actor: FileActor) throws(Errno) {
    let second = path(words[1])
    switch name {
    case "rename":
      switch words[2] {
      case "0": try actor.rename(first.span, to: second.span)
      case "1": try actor.rename(first.span, to: second.span, .keep)
      case "2": try actor.rename(first.span, to: second.span, .exchange)
      default: throw .EINVAL
      }
    case "link": try actor.link(try actor.find(first.span, followsLink: words[2] == "1"), to: second.span)
    case "symlink": try actor.makeLink(second.span, to: first.span)
    default: throw .ENOSYS
    }
  }

  private static func shown(_ inode: Inode) throws(Errno) -> String {
    let found = try inode.currentAttributes()
    let isDirectory = found.kind == .directory
    return String(found.mode, radix: 8)
      + ",\(found.linkCount),\(found.user.rawValue),\(found.group.rawValue)"
      + ",\(isDirectory ? 0 : found.size),\(isDirectory ? 0 : found.blockCount)"
  }
}
