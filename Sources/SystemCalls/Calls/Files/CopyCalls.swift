import Foundations
import IPC
import LinuxABI
import Machine
import Processes
import VFS
import Waiting

/// Calls that move bytes from file to file.
extension SystemCallContext {
  /// sendfile(2)
  func sendfile(
    _ target: Int32, _ source: Int32, _ offset: UserPointer<Int64>, _ count: UInt64
  ) throws(Errno) -> Int {
    let from = try task.files.file(Descriptor(rawValue: source), for: .read)
    let start = try Self.load(offset, of: from)
    guard from.isSeekable else { throw offset.isNull ? .EINVAL : .ESPIPE }
    guard from.inode.kind != .directory else { throw .EINVAL }
    let to = try task.files.file(Descriptor(rawValue: target), for: .write)
    guard !to.flags.contains(.O_APPEND) else { throw .EINVAL }
    let limit = fileSizeLimit
    let copied: Int
    do throws(Errno) {
      copied = try from.copy(
        from: start, count: Self.clamp(count, from: start), to: to, at: nil, sizeLimit: limit)
    } catch {
      raiseSignal(for: error, limit)
      throw error
    }
    try Self.store(start + Int64(copied), offset, of: from)
    return copied
  }

  /// copy_file_range(2)
  func copyFileRange(
    _ source: Int32, _ sourceOffset: UserPointer<Int64>, _ target: Int32, _ targetOffset: UserPointer<Int64>,
    _ length: UInt64, _ flags: UInt32
  ) throws(Errno) -> Int {
    guard flags == 0 else { throw .EINVAL }
    let from = try task.files.file(Descriptor(rawValue: source), for: .read)
    let to = try task.files.file(Descriptor(rawValue: target), for: .write)
    guard from.inode.kind != .directory, to.inode.kind != .directory else { throw .EISDIR }
    guard from.inode.kind == .regular, to.inode.kind == .regular else { throw .EINVAL }
    guard !to.flags.contains(.O_APPEND) else { throw .EBADF }
    let (start, targetStart) = (try Self.load(sourceOffset, of: from), try Self.load(targetOffset, of: to))
    let count = min(Self.clamp(length, from: start), Self.clamp(length, from: targetStart))
    if from.inode === to.inode {
      let (low, high) = (min(start, targetStart), max(start, targetStart))
      guard low + Int64(count) <= high || count == 0 else { throw .EINVAL }
    }
    let limit = fileSizeLimit
    let copied: Int
    do throws(Errno) {
      copied = try from.copy(from: start, count: count, to: to, at: targetStart, sizeLimit: limit)
    } catch {
      raiseSignal(for: error, limit)
      throw error
    }
    try Self.store(start + Int64(copied), sourceOffset, of: from)
    try Self.store(targetStart + Int64(copied), targetOffset, of: to)
    return copied
  }

  /// The offset that a program passed, or the position.
  ///
  /// - Throws: `EINVAL` for a negative one, `EFAULT`.
  private static func load(_ offset: UserPointer<Int64>, of file: OpenFile) throws(Errno) -> Int64 {
    guard !offset.isNull else { return file.offset }
    let start = try offset.load()
    guard start >= 0 else { throw .EINVAL }
    return start
  }

  /// Tells how far a call came: there where the offset was from.
  private static func store(_ new: Int64, _ offset: UserPointer<Int64>, of file: OpenFile) throws(Errno) {
    if offset.isNull { _ = try file.seek(to: new) } else { try offset.store(new) }
  }

  /// As many bytes as one call moves, of which the last has an offset, too.
  private static func clamp(_ count: UInt64, from offset: Int64) -> Int {
    Int(min(count, UserBuffer.transferLimit, UInt64(Int64.max - offset)))
  }

  // MARK: Pipes

  /// splice(2)
  func splice(
    _ source: Int32, _ sourceOffset: UserPointer<Int64>, _ target: Int32, _ targetOffset: UserPointer<Int64>,
    _ length: UInt64, _ flags: SpliceFlags
  ) throws(Errno) -> Int {
    guard length > 0 else { return 0 }
    let from = try task.files.file(Descriptor(rawValue: source), for: .read)
    let to = try task.files.file(Descriptor(rawValue: target), for: .write)
    let (reader, writer) = (from as? PipeFile, to as? PipeFile)
    guard reader == nil || sourceOffset.isNull, writer == nil || targetOffset.isNull else { throw .ESPIPE }
    let count = Int(min(length, UserBuffer.transferLimit))
    let isPatient = !flags.contains(.SPLICE_F_NONBLOCK)
    do throws(Errno) {
      if let reader, let writer {
        let isNonblocking = !isPatient || reader.isNonblocking || writer.isNonblocking
        return try reader.pipe.splice(count, to: writer.pipe, isNonblocking: isNonblocking)
      }
      if let reader { return try drain(reader, count, into: to, targetOffset, isPatient) }
      if let writer { return try fill(writer, count, from: from, sourceOffset, isPatient) }
    } catch {
      raiseSignal(for: error, fileSizeLimit)
      throw error
    }
    throw .EINVAL
  }

  private func drain(
    _ reader: PipeFile, _ count: Int, into file: OpenFile, _ offset: UserPointer<Int64>, _ isPatient: Bool
  ) throws(Errno) -> Int {
    guard !file.flags.contains(.O_APPEND), offset.isNull || file.isSeekable else { throw .EINVAL }
    let start: Int64? = offset.isNull ? nil : try Self.load(offset, of: file)
    let limit = fileSizeLimit
    var done: Int64 = 0
    let moved = try reader.pipe.drain(count, isNonblocking: !isPatient || reader.isNonblocking) {
      frame, range throws(Errno) in
      try IOBuffer.withBuffer(frame, range) { buffer throws(Errno) in
        guard let start else { return try file.write(&buffer, sizeLimit: limit) }
        let written = try file.write(&buffer, at: start + done, sizeLimit: limit)
        done += Int64(written)
        return written
      }
    }
    if let start { try offset.store(start + done) }
    return moved
  }

  private func fill(
    _ writer: PipeFile, _ count: Int, from file: OpenFile, _ offset: UserPointer<Int64>, _ isPatient: Bool
  ) throws(Errno) -> Int {
    guard file.inode.kind != .directory, offset.isNull || file.isSeekable else { throw .EINVAL }
    let start: Int64? = offset.isNull ? nil : try Self.load(offset, of: file)
    var done: Int64 = 0
    var isFirst = true
    let moved = try writer.pipe.fill(count, isNonblocking: !isPatient || writer.isNonblocking) {
      frame, range throws(Errno) in
      // What has come is not held back to wait for more.
      if !isFirst, file.canPoll, file.poll().isDisjoint(with: [.input, .readNormal]) { return 0 }
      isFirst = false
      return try IOBuffer.withBuffer(frame, range) { buffer throws(Errno) in
        guard let start else { return try file.read(&buffer) }
        let read = try file.read(&buffer, at: start + done)
        done += Int64(read)
        return read
      }
    }
    if let start { try offset.store(start + done) }
    return moved
  }

  /// tee(2)
  func tee(_ source: Int32, _ target: Int32, _ length: UInt64, _ flags: SpliceFlags) throws(Errno) -> Int {
    guard length > 0 else { return 0 }
    let from = try task.files.file(Descriptor(rawValue: source), for: .read)
    let to = try task.files.file(Descriptor(rawValue: target), for: .write)
    guard let reader = from as? PipeFile, let writer = to as? PipeFile else { throw .EINVAL }
    let isNonblocking =
      flags.contains(.SPLICE_F_NONBLOCK) || reader.isNonblocking || writer.isNonblocking
    do throws(Errno) {
      return try reader.pipe.tee(
        Int(min(length, UserBuffer.transferLimit)), to: writer.pipe, isNonblocking: isNonblocking)
    } catch {
      raiseSignal(for: error, .max)
      throw error
    }
  }

  /// vmsplice(2): the pages are copied, whatever the flags say of moving them.
  func vmsplice(
    _ descriptor: Int32, _ vectors: UserPointer<Iovec>, _ count: UInt64, _ flags: SpliceFlags
  ) throws(Errno) -> Int {
    guard let file = try usableFile(descriptor) as? PipeFile else { throw .EBADF }
    var buffer = try Iovec.buffer(vectors, count: count)
    let isNonblocking = flags.contains(.SPLICE_F_NONBLOCK) || file.isNonblocking
    guard file.mode.contains(.write) else { return try file.pipe.read(&buffer, isNonblocking: isNonblocking) }
    do throws(Errno) {
      return try file.pipe.write(&buffer, isNonblocking: isNonblocking, isPacket: false)
    } catch {
      raiseSignal(for: error, .max)
      throw error
    }
  }
}
