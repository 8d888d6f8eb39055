public import Foundations
import Machine

/// Access to a program's memory from outside: by a tracer, by `/proc/pid/mem`, by the loader of the program.
extension AddressSpace {
  /// Copies memory from `address` on into `bytes`, making pages present as a read by the program would.
  ///
  /// - Throws: `EFAULT` where the program itself could not read, `ENOMEM`; part of `bytes` is filled then.
  public func read(_ address: UInt64, into bytes: inout MutableSpan<UInt8>) throws(Errno) {
    var done = 0
    while done < bytes.count {
      let place = try Self.offset(address, by: done)
      let inPage = Int(place & 4095)
      let count = min(bytes.count - done, UserFrame.byteCount - inPage)
      let frame = try self.frame(at: place, .read)
      frame.read(at: inPage, into: &bytes, done..<done + count)
      done += count
    }
  }

  /// Copies `bytes` to memory from `address` on, as writes by the program would.
  ///
  /// - Throws: `EFAULT` where the program itself could not write, `ENOMEM`; part of `bytes` is written then.
  public func write(_ bytes: Span<UInt8>, to address: UInt64) throws(Errno) {
    var done = 0
    while done < bytes.count {
      let place = try Self.offset(address, by: done)
      let inPage = Int(place & 4095)
      let count = min(bytes.count - done, UserFrame.byteCount - inPage)
      let frame = try self.frame(at: place, .write)
      frame.write(at: inPage, from: bytes.extracting(done..<done + count))
      done += count
    }
  }

  private static func offset(_ address: UInt64, by count: Int) throws(Errno) -> UInt64 {
    let (place, overflowed) = address.addingReportingOverflow(UInt64(count))
    guard !overflowed else { throw .EFAULT }
    return place
  }

  /// The frame at `address`, after making the access possible.
  private func frame(at address: UInt64, _ kind: PageFaultAccess.Kind) throws(Errno) -> UserFrame {
    while true {
      if let frame = presentFrame(at: address, kind) { return frame }
      switch resolveFault(address, kind) {
      case .resolved: continue
      case .outOfMemory: throw .ENOMEM
      case .badAddress, .badAccess, .busError: throw .EFAULT
      }
    }
  }
}
