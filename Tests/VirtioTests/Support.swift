import DeviceModels
import Foundations
import Machine
import Testing

@testable import Virtio

/// The bits of features.
enum Bit {
  static let indirect: UInt64 = 1 << 28
  static let event: UInt64 = 1 << 29
  static let version1: UInt64 = 1 << 32
  static let platform: UInt64 = 1 << 33
  static let packed: UInt64 = 1 << 34
  static let reset: UInt64 = 1 << 40
}

/// How a queue works: every combination of what changes its form.
struct QueueForm: CustomTestStringConvertible, Sendable {
  var isPacked: Bool
  var usesEvents: Bool
  var usesTables: Bool

  static let all = [false, true].flatMap { packed in
    [false, true].flatMap { events in
      [false, true].map { QueueForm(isPacked: packed, usesEvents: events, usesTables: $0) }
    }
  }

  var bits: UInt64 {
    Bit.version1 | (isPacked ? Bit.packed : 0) | (usesEvents ? Bit.event : 0) | (usesTables ? Bit.indirect : 0)
  }

  var testDescription: String {
    (isPacked ? "packed" : "split") + (usesEvents ? ", events" : "") + (usesTables ? ", tables" : "")
  }
}

/// The way to a software device.
func transport(_ model: VirtioDeviceModel, commonByteCount: Int = 0x3c) -> VirtioPCITransport<VirtioRegionModel> {
  func region(_ structure: VirtioRegionModel.Structure, _ byteCount: Int) -> VirtioRegion<VirtioRegionModel> {
    VirtioRegion(VirtioRegionModel(model, structure), byteCount: byteCount)
  }
  return VirtioPCITransport(
    kind: model.kind, common: region(.common, commonByteCount),
    notification: region(.notification, VirtioRegionModel.multiplier * model.queues.count),
    multiplier: UInt32(VirtioRegionModel.multiplier), interruptStatus: region(.interruptStatus, 1),
    configuration: model.configuration.isEmpty ? nil : region(.device, model.configuration.count))
}

extension DMABuffer {
  /// `count` bytes from `offset` on.
  func bytes(at offset: Int, count: Int) -> [UInt8] { (0..<count).map { read8(at: offset + $0) } }
}
