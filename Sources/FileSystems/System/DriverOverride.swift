public import Foundations
import Machine
public import SyntheticFiles

/// The only driver that programs let a device have: its file `driver_override`, which devices of PCI and of the platform have.
///
/// Source: Linux Documentation/ABI/testing/sysfs-bus-pci and sysfs-bus-platform.
public final class DriverOverride: Sendable {
  private let choice = SpinLock<Message?>(nil)

  /// Any driver.
  public init() {}

  /// The driver's name; nil for any.
  ///
  /// - Context: any.
  public var name: Message? { choice.withLock { $0 } }

  /// Adds the file to the device's directory.
  ///
  /// - Throws: `EEXIST`, `ENOMEM`.
  public func addFile(to directory: SyntheticDirectory) throws(Errno) {
    let choice = self
    try directory.add(
      "driver_override", permissions: 0o644,
      { text in
        if let name = choice.name { text.write(name) } else { text.write("(null)") }
        text.write("\n")
      },
      accepts: { (text: Span<UInt8>) throws(Errno) in try choice.accept(text) })
  }

  private func accept(_ text: Span<UInt8>) throws(Errno) {
    var count = 0
    while count < text.count, text[count] != 0x0a { count += 1 }
    // Far beyond what any driver is called.
    guard count <= Message.capacity else { throw .EINVAL }
    var name: Message?
    if count > 0 {
      var message = Message()
      message.write(text.extracting(0..<count))
      name = message
    }
    choice.withLock { $0 = name }
  }
}
