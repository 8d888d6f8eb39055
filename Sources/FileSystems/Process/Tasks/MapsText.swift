import Executables
import Foundations
import Machine
import Processes
import SyntheticFiles
import VFS
import VirtualMemory

/// `/proc/pid/maps`: a line for each area. Source: proc(5).
final class MapsText: TextSource {
  private let subject: Subject
  private let memory: ProgramMemory?

  init(_ subject: Subject) throws(Errno) {
    self.subject = subject
    memory = try subject.memory()
  }

  /// The cursor is the address from which on areas have not been written.
  override func writeRecord(at cursor: inout UInt64, to text: inout TextBuffer) throws(Errno) -> Bool {
    guard let memory, let area = memory.space.area(endingAfter: cursor) else { return false }
    cursor = area.end
    try AreaLine.write(area, of: memory, subject, to: &text)
    return true
  }
}

/// What one area's line says.
enum AreaLine {
  /// Where the path begins.
  private static let nameColumn = 72

  static func write(
    _ area: Area, of memory: ProgramMemory, _ subject: Subject, to text: inout TextBuffer
  ) throws(Errno) {
    let start = text.count
    let object = memory.space.object(of: area)
    let file = (object as? FileMapping)?.openFile
    text.write(hex: area.start, width: 8)
    text.write("-")
    text.write(hex: area.end, width: 8)
    text.write(" ")
    text.write(area.protection.contains(.read) ? "r" : "-")
    text.write(area.protection.contains(.write) ? "w" : "-")
    text.write(area.protection.contains(.execute) ? "x" : "-")
    text.write(area.isShared ? "s " : "p ")
    text.write(hex: file == nil ? 0 : area.firstPage << 12, width: 8)
    let device = file?.inode.fileSystem.device ?? .none
    text.write(" ")
    text.write(hex: UInt64(device.major), width: 2)
    text.write(":")
    text.write(hex: UInt64(device.minor), width: 2)
    text.write(" ")
    text.write(decimal: file?.inode.number ?? 0)
    text.write(" ")
    var name = TextBuffer()
    if let file { try writePath(of: file, subject, to: &name) } else { writeName(of: area, object, memory, to: &name) }
    if name.count > 0 {
      text.pad(from: start, to: nameColumn)
      text.write(" ")
      text.write(name.bytes)
    }
    text.write("\n")
  }

  private static func writePath(
    of file: OpenFile, _ subject: Subject, to text: inout TextBuffer
  ) throws(Errno) {
    var path = GrowableArray<UInt8>()
    try subject.viewer().describe(file.path, into: &path)
    // A newline would begin another line.
    for index in 0..<path.count {
      if path[index] == 0x0a { text.write("\\012") } else { text.write(byte: path[index]) }
    }
  }

  private static func writeName(
    of area: Area, _ object: MappedObject?, _ memory: ProgramMemory, to text: inout TextBuffer
  ) {
    if let name = object?.areaName(at: area.firstPage) { return text.write(name.description) }
    if area.flags.contains(.heap) { return text.write("[heap]") }
    guard area.isAnonymous, area.flags.contains(.growsDown) else { return }
    if area.range.contains(memory.program.loaded.stackPointer) { text.write("[stack]") }
  }
}
