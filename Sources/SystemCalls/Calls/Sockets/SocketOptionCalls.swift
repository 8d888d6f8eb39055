import Foundations
import LinuxABI
import Machine
import Processes
import Security
import Sockets
import VFS

/// getsockopt(2) and setsockopt(2).
extension SystemCallContext {
  private static var socketLevel: Int64 { SocketOptionLevel.SOL_SOCKET.rawValue }
  /// More bytes than the value of any option has.
  private static var optionLimit: Int { 256 }

  /// Bytes of `struct sock_fprog`.
  private static var programByteCount: Int32 { 16 }

  /// setsockopt(2)
  func setsockopt(
    _ descriptor: Int32, _ level: Int64, _ option: Int32, _ value: UserPointer<UInt8>, _ length: Int32
  ) throws(Errno) {
    let socket = try socketFile(descriptor)
    guard length >= 0 else { throw .EINVAL }
    if level == Self.socketLevel, Int64(option) == SocketOption.SO_ATTACH_FILTER.rawValue {
      guard length == Self.programByteCount else { throw .EINVAL }
      let filter = try withProgram(at: value.address) { program throws(Errno) in try PacketFilter(program) }
      return try socket.setFilter(filter)
    }
    let count = min(Int(length), Self.optionLimit)
    var storage = InlineArray<256, UInt8>(repeating: 0)
    if count > 0 {
      var span = storage.mutableSpan
      let bytes = try UserBytes(address: value.address, count: UInt64(count))
      guard bytes.read(into: &span) == count else { throw .EFAULT }
    }
    let bytes = storage.span.extracting(0..<count)
    if level == Self.socketLevel {
      try socket.setSocketOption(option, bytes, by: socketCaller)
    } else {
      try socket.setOption(level: level, option, bytes, by: socketCaller)
    }
  }

  /// getsockopt(2)
  func getsockopt(
    _ descriptor: Int32, _ level: Int64, _ option: Int32, _ value: UserPointer<UInt8>, _ length: UserPointer<Int32>
  ) throws(Errno) {
    let socket = try socketFile(descriptor)
    let room = try length.load()
    guard room >= 0 else { throw .EINVAL }
    let result =
      level == Self.socketLevel ? try socket.socketOption(option) : try socket.option(level: level, option)
    let count = min(Int(room), result.count)
    if count > 0 {
      let bytes = try UserBytes(address: value.address, count: UInt64(count))
      guard bytes.write(from: result.bytes) == count else { throw .EFAULT }
    }
    try length.store(Int32(truncatingIfNeeded: result.isList ? result.count : count))
  }
}
