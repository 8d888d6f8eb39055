public import Foundations
import LinuxABI
public import Machine
public import PCI
import Security
public import VFS

/// A function's configuration space as a file, in /sys and in /proc: to be read, behind the first 64 bytes by the superuser only, as
/// reading there has been known to hang devices; and to be written by the superuser, but nothing that could harm the kernel
/// (`PCIFunction.writeForProgram`).
public final class PCIConfigurationFile: OpenFile {
  private static let publicCount = 64
  private static let publicCardBusCount = 128

  private let address: PCIAddress
  private let isThere: () -> Bool

  /// Opens configuration space of the function at `address`.
  ///
  /// - Parameter isThere: whether it is the same function still.
  public init(
    _ request: OpenRequest, _ inode: Inode, _ address: PCIAddress, isThere: @escaping () -> Bool
  ) throws(Errno) {
    (self.address, self.isThere) = (address, isThere)
    try super.init(request, inode)
  }

  /// It has a position.
  public override var isSeekable: Bool { true }

  /// How many bytes there are.
  public override func endOffset() throws(Errno) -> Int64 { Int64(try function().usedByteCount) }

  private func function() throws(Errno) -> PCIFunction {
    guard isThere(), let function = PCISystem.function(at: address) else { throw .ENODEV }
    return function
  }

  /// Reads, whole words where they are aligned, as some registers take nothing else.
  ///
  /// - Throws: `ENODEV` when the function is gone, `EFAULT`.
  public override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int {
    let function = try function()
    let space = function.space
    let publicCount = function.layout == .cardBus ? Self.publicCardBusCount : Self.publicCount
    let end = credentials.has(.CAP_SYS_ADMIN) ? function.usedByteCount : min(function.usedByteCount, publicCount)
    guard offset < Int64(end) else { return 0 }
    var position = Int(offset)
    var total = 0
    while position < end, buffer.remaining > 0 {
      var bytes = InlineArray<4, UInt8>(repeating: 0)
      let width = Self.width(at: position, count: min(end - position, buffer.remaining))
      let value: UInt32
      switch width {
      case 4: value = space.read32(at: position)
      case 2: value = UInt32(space.read16(at: position))
      default: value = UInt32(space.read8(at: position))
      }
      for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index)) }
      do throws(Errno) {
        let moved = try buffer.write(bytes.span.extracting(0..<width))
        total += moved
        position += moved
        if moved < width { break }
      } catch {
        if total > 0 { return total }
        throw error
      }
    }
    return total
  }

  /// Writes, as wide as it is aligned.
  ///
  /// - Throws: `EPERM` for others than the superuser, and for what programs may not change; `ENODEV` when the function is gone;
  ///   `EFAULT`. What was written before stays written, and is told as a shorter write.
  public override func writeContent(
    _ buffer: inout IOBuffer, at offset: inout Int64, sizeLimit: UInt64
  ) throws(Errno) -> Int {
    guard credentials.has(.CAP_SYS_ADMIN) else { throw .EPERM }
    let end = try function().usedByteCount
    guard offset < Int64(end) else { return 0 }
    var position = Int(offset)
    var total = 0
    while position < end, buffer.remaining > 0 {
      let width = Self.width(at: position, count: min(end - position, buffer.remaining))
      do throws(Errno) {
        let value = try Self.take(width, from: &buffer)
        guard isThere() else { throw .ENODEV }
        try PCISystem.writeForProgram(value, to: address, at: position, width: width)
      } catch {
        if total > 0 { break }
        throw error
      }
      position += width
      total += width
    }
    offset = Int64(position)
    return total
  }

  /// How wide the next access is.
  private static func width(at position: Int, count: Int) -> Int {
    if position & 3 == 0, count >= 4 { return 4 }
    return position & 1 == 0 && count >= 2 ? 2 : 1
  }

  private static func take(_ width: Int, from buffer: inout IOBuffer) throws(Errno) -> UInt32 {
    var value: UInt32 = 0
    for index in 0..<width {
      var bytes = InlineArray<1, UInt8>(repeating: 0)
      var span = bytes.mutableSpan
      guard try buffer.read(into: &span) == 1 else { throw .EFAULT }
      value |= UInt32(bytes[0]) << UInt32(8 * index)
    }
    return value
  }
}
