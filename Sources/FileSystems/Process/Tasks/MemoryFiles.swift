import Executables
import Foundations
import Machine
import Processes
import Security
import SyntheticFiles
import VFS
import VirtualMemory

/// A part of a program's memory as a file: `cmdline`, `environ`, `auxv`.
final class MemoryRangeFile: OpenFile {
  /// Which part.
  enum Part {
    /// The arguments, each ended by a zero.
    case arguments
    /// The environment, each ended by a zero.
    case environment
    /// The auxiliary vector.
    case auxiliary
  }

  private let subject: Subject
  private let part: Part
  /// The memory when it was opened: a program that is executed later is not looked into with old rights.
  private let memory: ProgramMemory?

  init(_ request: OpenRequest, _ inode: Inode, _ subject: Subject, _ part: Part) throws(Errno) {
    (self.subject, self.part, memory) = (subject, part, try subject.memory())
    try super.init(request, inode)
  }

  override var isSeekable: Bool { true }

  override func endOffset() throws(Errno) -> Int64 { throw .EINVAL }

  override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int {
    // Everybody may know the arguments.
    guard let memory = try part == .arguments ? subject.memory() : memory, memory.userCount > 0 else { return 0 }
    let range = range(of: memory)
    guard UInt64(offset) < range.upperBound - range.lowerBound else { return 0 }
    let start = range.lowerBound + UInt64(offset)
    return try MemoryTransfer.read(memory.space, start..<range.upperBound, into: &buffer)
  }

  private func range(of memory: ProgramMemory) -> Range<UInt64> {
    let program = memory.program.loaded
    switch part {
    case .environment: return program.environment
    case .auxiliary: return program.auxiliary
    case .arguments:
      let range = program.arguments
      // A program that has overwritten the last zero has a title that goes on in the environment.
      // Source: Linux fs/proc/base.c; setproctitle(3).
      guard !range.isEmpty, program.environment.lowerBound == range.upperBound else { return range }
      guard MemoryTransfer.byte(memory.space, at: range.upperBound - 1).map({ $0 != 0 }) ?? false else { return range }
      return range.lowerBound..<MemoryTransfer.end(memory.space, of: range.lowerBound..<program.environment.upperBound)
    }
  }
}

/// `mem`: a program's memory, at its own addresses.
final class MemoryFile: OpenFile {
  private let memory: ProgramMemory

  init(_ request: OpenRequest, _ inode: Inode, _ subject: Subject) throws(Errno) {
    // What was there when it was opened: a program that is executed later is not looked into with old rights.
    guard let memory = try subject.memory() else { throw .ESRCH }
    self.memory = memory
    try super.init(request, inode)
  }

  override var isSeekable: Bool { true }

  override func endOffset() throws(Errno) -> Int64 { throw .EINVAL }

  override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int {
    let start = UInt64(offset)
    guard memory.userCount > 0, buffer.remaining > 0 else { return 0 }
    let count = try MemoryTransfer.read(memory.space, start..<start + UInt64(buffer.remaining), into: &buffer)
    guard count > 0 else { throw .EIO }
    return count
  }

  override func writeContent(
    _ buffer: inout IOBuffer, at offset: inout Int64, sizeLimit: UInt64
  ) throws(Errno) -> Int {
    guard memory.userCount > 0, buffer.remaining > 0 else { return 0 }
    var total = 0
    do throws(Errno) {
      while buffer.remaining > 0 {
        var chunk = InlineArray<512, UInt8>(repeating: 0)
        var span = chunk.mutableSpan
        let count = try buffer.read(into: &span)
        if count == 0 { break }
        try memory.space.write(chunk.span.extracting(0..<count), to: UInt64(offset))
        offset += Int64(count)
        total += count
      }
    } catch {
      if total == 0 { throw error == .EFAULT ? .EIO : error }
    }
    return total
  }
}

/// Copies between a program's memory and whoever reads a file.
enum MemoryTransfer {
  /// Copies `range` into `buffer`, up to what cannot be read.
  ///
  /// - Returns: how many bytes.
  /// - Throws: `EFAULT` for a buffer that cannot be filled, `ENOMEM`.
  static func read(
    _ space: AddressSpace, _ range: Range<UInt64>, into buffer: inout IOBuffer
  ) throws(Errno) -> Int {
    var chunk = GrowableArray<UInt8>()
    var address = range.lowerBound
    var total = 0
    while address < range.upperBound, buffer.remaining > 0 {
      // Never over the end of a page, so that what is before a hole is not lost.
      let inPage = 4_096 - Int(address & 4_095)
      let count = min(Int(min(range.upperBound - address, 4_096)), buffer.remaining, inPage)
      do throws(Errno) {
        try chunk.resize(to: count, filledWith: 0)
        var span = chunk.mutableSpan
        try space.read(address, into: &span)
      } catch {
        if error == .EFAULT || total > 0 { return total }
        throw error
      }
      do throws(Errno) {
        let moved = try buffer.write(chunk.span)
        total += moved
        if moved < count { return total }
      } catch {
        if total > 0 { return total }
        throw error
      }
      address += UInt64(count)
    }
    return total
  }

  /// The byte at `address`; nil when it cannot be read.
  static func byte(_ space: AddressSpace, at address: UInt64) -> UInt8? {
    var byte = InlineArray<1, UInt8>(repeating: 0)
    var span = byte.mutableSpan
    do throws(Errno) { try space.read(address, into: &span) } catch { return nil }
    return byte[0]
  }

  /// One past the first zero of `range`, or its end.
  static func end(_ space: AddressSpace, of range: Range<UInt64>) -> UInt64 {
    var address = range.lowerBound
    while address < range.upperBound, let byte = byte(space, at: address) {
      address += 1
      if byte == 0 { return address - 1 }
    }
    return address
  }
}
