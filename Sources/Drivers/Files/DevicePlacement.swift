public import DriverKit
public import Foundations
import Machine
public import SyntheticFiles

/// Where a device's file or its texts were put, until they are removed.
open class DevicePlace {
  /// Creates a place that is nowhere.
  public init() {}

  /// Tells programs that what /sys says there has changed.
  ///
  /// - Context: a thread without locks.
  open func announceChange() {}

  /// Takes the names away again.
  ///
  /// - Context: a thread without locks; once.
  open func remove() {}
}

/// Who makes names in /dev and directories in /sys: a part of the kernel that knows both.
open class DevicePlacement {
  /// Creates one that makes nothing.
  public init() {}

  /// Makes the file of `entry` in /dev, its other name if it has one, and its directory in its class in /sys, which
  /// `entry.server.addAttributes` fills.
  ///
  /// - Throws: `EEXIST`, `ENOMEM`; then nothing was made.
  /// - Context: a thread without locks.
  open func place(_ entry: DeviceFileEntry) throws(Errno) -> DevicePlace { DevicePlace() }

  /// Lets `attributes` fill the directory that `device` itself has in /sys.
  ///
  /// - Throws: as the other.
  /// - Context: a thread without locks.
  open func place(_ attributes: DeviceAttributes, of device: DeviceNode) throws(Errno) -> DevicePlace { DevicePlace() }
}

/// The kernel's placement.
public enum DevicePlaces {
  private static let placement = BootCell<DevicePlacement>()

  /// Sets who makes names. Only the first counts; without one, files are opened by their numbers alone.
  ///
  /// - Context: once, before the first driver starts.
  public static func start(_ placement: DevicePlacement) { self.placement.fill(placement) }

  static func place(_ entry: DeviceFileEntry) throws(Errno) -> DevicePlace {
    guard let placement = placement.withValue({ $0 }) else { return DevicePlace() }
    return try placement.place(entry)
  }

  static func place(_ attributes: DeviceAttributes, of device: DeviceNode) throws(Errno) -> DevicePlace {
    guard let placement = placement.withValue({ $0 }) else { return DevicePlace() }
    return try placement.place(attributes, of: device)
  }
}

/// Texts that a driver adds to the directory that its device has in /sys.
open class DeviceAttributes {
  /// Creates no texts.
  public init() {}

  /// Adds them.
  ///
  /// - Throws: `EEXIST`, `ENOMEM`.
  open func add(to directory: SyntheticDirectory) throws(Errno) {}

  /// Removes them from a directory that stays.
  open func remove(from directory: SyntheticDirectory) {}

  /// Whether these say what `other` would, of a driver that comes in place of this one.
  open func isSame(as other: DeviceAttributes) -> Bool { false }
}

/// A driver's texts in its device's own directory, while the driver is there.
public final class AttributesPublication: Publication {
  private let device: DeviceNode
  private let attributes: DeviceAttributes
  private var place: DevicePlace?

  /// Describes the texts of a driver of `device`.
  public init(_ device: DeviceNode, _ attributes: DeviceAttributes) {
    (self.device, self.attributes) = (device, attributes)
    super.init()
  }

  /// Makes the texts, and puts them on record; those of a driver before stay if they say the same.
  ///
  /// - Throws: `EEXIST`, `ENOMEM`.
  /// - Context: the device's thread.
  public func publish(through context: DriverContext) throws(Errno) {
    guard try context.publish({ () throws(Errno) in self }) === self else { return }
    try Containment.outside { () throws(Errno) in place = try DevicePlaces.place(attributes, of: device) }
  }

  public override func withdraw() {
    place?.remove()
    place = nil
  }

  public override func continues(as successor: Publication) -> Bool {
    guard place != nil, let successor = successor as? AttributesPublication else { return false }
    return attributes.isSame(as: successor.attributes)
  }
}
