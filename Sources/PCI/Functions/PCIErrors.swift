import Foundations

/// Errors that a PCI Express function has met.
public struct PCIErrors: Equatable, Sendable {
  /// Errors that hardware made good.
  public internal(set) var correctable = PCIErrorReporting.CorrectableStatus(rawValue: 0)
  /// Errors that lost something.
  public internal(set) var uncorrectable = PCIErrorReporting.UncorrectableStatus(rawValue: 0)
  /// Whether one of these is fatal: the link cannot be relied on any more.
  public internal(set) var isFatal = false
  /// The bit of the first uncorrectable error.
  public internal(set) var first: UInt8 = 0
  /// The header of the packet with the first uncorrectable error.
  public internal(set) var header = SIMD4<UInt32>()

  /// None.
  public init() {}

  /// Whether there is none.
  public var isEmpty: Bool { correctable.rawValue == 0 && uncorrectable.rawValue == 0 }
}

/// Errors that were reported to a root port.
public struct PCIRootErrors: Equatable, Sendable {
  /// What was reported.
  public internal(set) var status = PCIErrorReporting.RootStatus(rawValue: 0)
  /// The routing number of who reported the first correctable error.
  public internal(set) var correctableSource: UInt16 = 0
  /// The routing number of who reported the first uncorrectable error.
  public internal(set) var uncorrectableSource: UInt16 = 0

  /// None.
  public init() {}
}

/// Advanced error reporting. Source: PCI Express Base Specification 4.0, sections 6.2 and 7.8.4.
extension PCIFunction {
  private var errorRegisters: PCIErrorReportingRegisters<PCIConfigurationSpace> {
    PCIErrorReportingRegisters(space.from(Int(capabilities.errorReporting)))
  }

  /// Reads the errors that it has met since the last time, and clears exactly those.
  ///
  /// - Returns: nil when it does not keep them, or is gone.
  public func takeErrors() -> PCIErrors? {
    guard capabilities.errorReporting != 0, isPresent else { return nil }
    let registers = errorRegisters
    var errors = PCIErrors()
    errors.correctable = registers.correctableStatus
    errors.uncorrectable = registers.uncorrectableStatus
    if errors.uncorrectable.rawValue != 0 {
      let (severity, control) = (registers.uncorrectableSeverity, registers.control)
      errors.isFatal = errors.uncorrectable.rawValue & severity.rawValue != 0
      errors.first = control.firstError
      for index in 0..<4 { errors.header[index] = registers.headerLog(at: index) }
    }
    if errors.correctable.rawValue != 0 { registers.writeCorrectableStatus(errors.correctable) }
    if errors.uncorrectable.rawValue != 0 { registers.writeUncorrectableStatus(errors.uncorrectable) }
    return errors
  }

  /// Reads what was reported to a root port since the last time, and clears exactly that.
  ///
  /// - Returns: nil when it is no root port that keeps it, or is gone.
  public func takeRootErrors() -> PCIRootErrors? {
    guard capabilities.errorReporting != 0, isExpress, isPresent else { return nil }
    let express = express
    let type = express.capabilities.portType
    guard type == .rootPort || type == .eventCollector else { return nil }
    let registers = errorRegisters
    var errors = PCIRootErrors()
    errors.status = registers.rootStatus
    errors.correctableSource = registers.correctableSource
    errors.uncorrectableSource = registers.uncorrectableSource
    if errors.status.rawValue != 0 { registers.writeRootStatus(errors.status) }
    return errors
  }
}

/// A link of PCI Express, as one of its ends sees it.
public struct PCILink: Equatable, Sendable {
  /// The speed of a lane.
  public var speed: PCIExpress.LinkSpeed
  /// How many lanes are used, 0 when it is down.
  public var width: UInt8
  /// The highest speed of this end.
  public var maximumSpeed: PCIExpress.LinkSpeed
  /// The most lanes of this end.
  public var maximumWidth: UInt8
  /// Whether it is up; nil when this end does not say.
  public var isActive: Bool?
}

extension PCIFunction {
  /// Its link; nil when it has none.
  public var link: PCILink? {
    guard isExpress else { return nil }
    let express = express
    let type = express.capabilities.portType
    guard type != .integratedEndpoint, type != .eventCollector else { return nil }
    let (abilities, status) = (express.linkCapabilities, express.linkStatus)
    return PCILink(
      speed: status.speed, width: status.width, maximumSpeed: abilities.maximumSpeed,
      maximumWidth: abilities.maximumWidth, isActive: abilities.reportsActive ? status.isActive : nil)
  }

  /// The serial number of its device; nil when it has none.
  public var serialNumber: UInt64? {
    guard capabilities.serialNumber != 0 else { return nil }
    let registers = PCISerialNumberRegisters(space.from(Int(capabilities.serialNumber)))
    return UInt64(registers.high) << 32 | UInt64(registers.low)
  }
}
