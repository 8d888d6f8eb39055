import Executables
import Foundations
import Machine
import VFS
import VirtualMemory

/// An open file, as the loader of programs reads it.
final class OpenExecutable: ExecutableFile {
  let file: OpenFile
  private let object: MappedObject
  private let size: UInt64

  /// - Throws: `EACCES` for what cannot be mapped, `EIO`.
  init(_ file: OpenFile) throws(Errno) {
    self.file = file
    do throws(Errno) { object = try file.mappedObject() } catch { throw error == .ENODEV ? .EACCES : error }
    size = UInt64(max(0, try file.inode.currentAttributes().size))
    super.init()
  }

  override var byteCount: UInt64 { size }

  override func read(at offset: UInt64, into bytes: inout MutableSpan<UInt8>) throws(Errno) -> Int {
    guard let offset = Int64(exactly: offset) else { return 0 }
    return try IOBuffer.withBuffer(filling: &bytes) { buffer throws(Errno) in
      var total = 0
      while buffer.remaining > 0 {
        let count = try file.read(&buffer, at: offset + Int64(total))
        if count == 0 { break }
        total += count
      }
      return total
    }
  }

  override var mappedObject: MappedObject { object }
}
