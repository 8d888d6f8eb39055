public import DriverKit
public import Foundations
import Machine
import Synchronization
public import SyntheticFiles
import Virtio

/// How far a virtio device and its driver have come, for whoever asks from outside.
///
/// Context: any.
final class VirtioDeviceState {
  private let transport: VirtioTransport
  private let agreed = Atomic<UInt64>(0)

  /// Of the device behind `transport`, with which nothing was agreed on yet.
  init(_ transport: VirtioTransport) { self.transport = transport }

  /// What its register says; all ones for one that has gone.
  var status: UInt8 { transport.status().rawValue }

  /// What was agreed on with its driver; of one without, what was with its last one.
  var features: VirtioFeatures { VirtioFeatures(rawValue: agreed.load(ordering: .relaxed)) }

  /// Notes what was agreed on.
  func note(_ features: VirtioFeatures) { agreed.store(features.rawValue, ordering: .relaxed) }
}

/// What /sys says of virtio devices, in the words of Linux 6.1.
///
/// Source: Linux Documentation/ABI/testing/sysfs-bus-virtio, and drivers/virtio/virtio.c for the forms.
public enum VirtioTexts {
  /// Writes the lines of `uevent` that are the device's own.
  public static func writeFacts(type: UInt32, vendor: UInt32, to text: inout TextBuffer) {
    text.write("MODALIAS=")
    VirtioAlias.write(type: type, vendor: vendor, to: &text)
    text.write("\n")
  }

  /// Adds the files of the directory of `device`; none when it is no virtio device.
  ///
  /// - Throws: `ENOMEM`, `EEXIST`.
  public static func addAttributes(of device: DeviceNode, to directory: SyntheticDirectory) throws(Errno) {
    guard case .virtio(let type, let vendor) = device.identity else { return }
    try addIdentity(type, vendor, directory)
    guard let attachment = device.attachment as? VirtioAttachment else { return }
    try add(attachment.state, to: directory)
  }

  private static func addIdentity(_ type: UInt32, _ vendor: UInt32, _ directory: SyntheticDirectory) throws(Errno) {
    try addHex("device", 4, to: directory) { type }
    try addHex("vendor", 4, to: directory) { vendor }
    try directory.add("modalias") { text in
      VirtioAlias.write(type: type, vendor: vendor, to: &text)
      text.write("\n")
    }
  }

  /// Adds what changes: the status as the device has it, and a digit for each feature, the lowest first.
  static func add(_ state: VirtioDeviceState, to directory: SyntheticDirectory) throws(Errno) {
    try addHex("status", 8, to: directory) { UInt32(state.status) }
    try directory.add("features") { text in
      let features = state.features
      for bit in 0..<64 { text.write(features.contains(VirtioFeatures(bit: bit)) ? "1" : "0") }
      text.write("\n")
    }
  }

  private static func addHex(
    _ name: StaticString, _ width: Int, to directory: SyntheticDirectory, _ number: @escaping () -> UInt32
  ) throws(Errno) {
    try directory.add(name) { text in
      text.write("0x")
      text.write(hex: UInt64(number()), width: width)
      text.write("\n")
    }
  }
}
