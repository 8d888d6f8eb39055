public import Foundations
import Machine
import PageFrames

extension OpenFile {
  /// Copies up to `count` bytes from `offset` on to another file. sendfile(2), copy_file_range(2).
  ///
  /// - Parameters:
  ///   - target: open for writing.
  ///   - targetOffset: where there; nil for its position, which moves.
  ///   - sizeLimit: how long the other may become. RLIMIT_FSIZE.
  /// - Returns: how many bytes; fewer at the end, or when the other takes no more now.
  /// - Throws: what reading and writing throw, when nothing was copied.
  public final func copy(
    from offset: Int64, count: Int, to target: OpenFile, at targetOffset: Int64?, sizeLimit: UInt64
  ) throws(Errno) -> Int {
    let frame = try FrameAllocator.retrying { () throws(Errno) in
      try UserFrame.allocate(.anonymous, isZeroed: false)
    }
    var done = 0
    do throws(Errno) {
      while done < count {
        let wanted = min(UserFrame.byteCount, count - done)
        let read = try IOBuffer.withBuffer(frame, 0..<wanted) { buffer throws(Errno) in
          try self.read(&buffer, at: offset + Int64(done))
        }
        guard read > 0 else { break }
        let written = try IOBuffer.withBuffer(frame, 0..<read) { buffer throws(Errno) in
          guard let targetOffset else { return try target.write(&buffer, sizeLimit: sizeLimit) }
          return try target.write(&buffer, at: targetOffset + Int64(done), sizeLimit: sizeLimit)
        }
        done += written
        if written < read { break }
      }
    } catch {
      if done == 0 { throw error }
    }
    return done
  }
}
