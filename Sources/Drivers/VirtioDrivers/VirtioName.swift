import DeviceFiles
import Foundations

/// The name of a virtio device, `virtio0`: no other device has it from now on until nothing refers to this.
///
/// Drivers of several functions start at once, and what they add comes into the tree of devices later. Who looked for a free name there
/// would give one to two devices, of which the second would be refused. Source: as Linux, the lowest number that is free.
final class VirtioName {
  private static var family: StaticString { "virtio" }

  private let number: Int

  /// Takes a name.
  ///
  /// - Throws: `ENOSPC` when all are taken, `ENOMEM`.
  /// - Context: any.
  init() throws(Errno) { number = try DeviceIndexes.take(Self.family, from: 0) }

  deinit { DeviceIndexes.release(Self.family, number) }

  /// The name.
  var text: Message { "virtio\(number)" }
}
