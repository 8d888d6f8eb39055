import Foundations
import Machine

/// `_STA`: how far a device is there. Source: ACPI 6.5, section 6.3.7.
public struct ACPIDeviceStatus: Equatable, Sendable {
  /// The bits.
  public var rawValue: UInt32

  /// Creates a status from its bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// What a device without `_STA` is: everything.
  public static let everything = ACPIDeviceStatus(rawValue: 0xf)

  /// It is there.
  public var isPresent: Bool { rawValue & 1 != 0 }
  /// It decodes its resources.
  public var isEnabled: Bool { rawValue & 2 != 0 }
  /// It should be shown to users.
  public var isShown: Bool { rawValue & 4 != 0 }
  /// It works; what is below it may be used even when it is not there.
  public var isFunctional: Bool { rawValue & 8 != 0 }
}

/// Devices: what they are and whether they are there.
extension AMLInterpreter {
  /// Whether a name stands for a device, in the wide sense: also processors, thermal zones and power resources.
  public func isDevice(_ node: AMLNode) -> Bool {
    switch try? namespace.record(node).content {
    case .device, .processor, .thermalZone, .powerResource: true
    default: false
    }
  }

  /// `_STA`; everything when the device has none.
  public func status(of device: AMLNode) throws(AMLError) -> ACPIDeviceStatus {
    guard let value = try integer(named: "_STA", of: device) else { return .everything }
    return ACPIDeviceStatus(rawValue: UInt32(truncatingIfNeeded: value))
  }

  /// `_HID`: what the device is, or nil when the bus it is on says that.
  public func hardwareIdentifier(of device: AMLNode) throws(AMLError) -> ACPIIdentifier? {
    guard let object = try evaluate("_HID", of: device) else { return nil }
    return ACPIIdentifier(object)
  }

  /// Whether `_HID` or one of `_CID` is `identifier`.
  public func isCompatible(_ device: AMLNode, with identifier: ACPIIdentifier) throws(AMLError) -> Bool {
    if try hardwareIdentifier(of: device) == identifier { return true }
    guard let object = try evaluate("_CID", of: device) else { return false }
    guard object.isPackage else { return ACPIIdentifier(object) == identifier }
    for index in 0..<object.count {
      let element = try object.element(index)
      if ACPIIdentifier(element) == identifier { return true }
    }
    return false
  }

  /// Whether `device` is the root of a PCI bus. Source: PCI Firmware Specification 3.3, section 4.
  public func isPCIRoot(_ device: AMLNode) throws(AMLError) -> Bool {
    guard case .device = try namespace.record(device).content else { return false }
    if try isCompatible(device, with: ACPIIdentifier("PNP0A03")) { return true }
    return try isCompatible(device, with: ACPIIdentifier("PNP0A08"))
  }

  /// `_UID` as a number, or nil when there is none or it is a text.
  public func uniqueIdentifier(of device: AMLNode) throws(AMLError) -> UInt64? {
    try evaluate("_UID", of: device)?.exactInteger
  }

  /// Calls `visit` for each device that is there, parents first. What is below a device that is neither there nor working
  /// is left out. Source: ACPI 6.5, section 6.3.7.
  ///
  /// - Parameter visit: Called with the device; false leaves out what is below it.
  public func forEachDevice(
    below top: AMLNode = .root, _ visit: (AMLNode) throws(AMLError) -> Bool
  ) throws(AMLError) {
    var node = namespace.next(after: top, below: top)
    while let here = node {
      var isDescending = true
      if isDevice(here) {
        // A device whose status cannot be found out is left alone.
        let status = (try? status(of: here)) ?? ACPIDeviceStatus(rawValue: 0)
        if status.isPresent { isDescending = try visit(here) } else { isDescending = status.isFunctional }
      }
      node = namespace.next(after: here, below: top, isDescending: isDescending)
    }
  }
}
