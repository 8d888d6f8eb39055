import DeviceFiles
import Foundations
import Machine
import VFS
import Waiting

/// /dev/watchdog, open. Source: Linux Documentation/watchdog/watchdog-api.rst.
final class WatchdogFile: TrackedDeviceFile {
  private let watchdog: WatchdogServer

  init(_ request: OpenRequest, _ inode: Inode, watchdog: WatchdogServer) throws(Errno) {
    self.watchdog = watchdog
    try super.init(request, inode, server: watchdog)
  }

  /// Any byte keeps the machine alive; a `V` lets the next close stop the watchdog.
  override func writeDevice(_ buffer: inout IOBuffer) throws(Errno) -> Int {
    let wanted = buffer.remaining
    guard wanted > 0 else { return 0 }
    // A `V` of an earlier call does not count.
    watchdog.setReleaseAllowed(false)
    var bytes = InlineArray<64, UInt8>(repeating: 0)
    while buffer.remaining > 0 {
      var span = bytes.mutableSpan
      let asked = min(64, buffer.remaining)
      let moved = try buffer.read(into: &span)
      for index in 0..<min(moved, 64) where bytes[index] == UInt8(ascii: "V") { watchdog.setReleaseAllowed(true) }
      guard moved == asked else { throw .EFAULT }
    }
    try watchdog.keepAlive()
    return wanted
  }

  override func controlDevice(_ request: UInt32, _ argument: UInt64) throws(Errno) -> Int {
    switch request {
    case WatchdogCall.support: try UserPointer<WatchdogInfo>(argument).store(WatchdogInfo(watchdog.traits))
    case WatchdogCall.status: try UserPointer<UInt32>(argument).store(watchdog.takeStatus().rawValue)
    case WatchdogCall.bootStatus: try UserPointer<UInt32>(argument).store(watchdog.bootStatus.rawValue)
    case WatchdogCall.setOptions: try setOptions(try UserPointer<UInt32>(argument).load())
    case WatchdogCall.keepAlive:
      guard watchdog.traits.options.contains(.keepAlive) else { throw .EOPNOTSUPP }
      try watchdog.keepAlive()
    case WatchdogCall.setTimeout:
      try watchdog.setTimeout(try UserPointer<UInt32>(argument).load())
      try watchdog.keepAlive()
      // The device may have rounded what it was given.
      try UserPointer<UInt32>(argument).store(watchdog.timeout)
    case WatchdogCall.timeout: try UserPointer<UInt32>(argument).store(watchdog.timeout)
    // No device here warns before it resets.
    case WatchdogCall.setPretimeout: throw .EOPNOTSUPP
    case WatchdogCall.pretimeout: try UserPointer<UInt32>(argument).store(0)
    case WatchdogCall.timeLeft: try UserPointer<UInt32>(argument).store(watchdog.timeLeft)
    default: throw .ENOTTY
    }
    return 0
  }

  private func setOptions(_ options: UInt32) throws(Errno) {
    if options & WatchdogOptions.disable != 0 { try watchdog.stop() }
    if options & WatchdogOptions.enable != 0 { try watchdog.start() }
  }
}
