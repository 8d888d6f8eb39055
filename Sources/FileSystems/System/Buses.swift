public import Foundations
import KernelEvents
import Machine
import SyntheticFiles

/// What programs may ask of the drivers of buses other than PCI, through /sys.
///
/// The kernel's composition derives from it. What is not overridden is refused. Callers hold no lock; a method may wait.
open class BusControl {
  /// One that refuses everything.
  public init() {}

  /// Gives the device `name` of `bus` to `driver`, and waits until that works.
  ///
  /// - Throws: `ENODEV` when there is no such device or driver, or the driver does not serve it; then `EBUSY` when one has it; why the
  ///   driver does not start.
  open func bind(_ name: Span<UInt8>, on bus: StaticString, to driver: StaticString) throws(Errno) { throw .ENODEV }

  /// Takes the device `name` of `bus` away from `driver`.
  ///
  /// - Throws: `ENODEV` when `driver` has not got it.
  open func unbind(_ name: Span<UInt8>, on bus: StaticString, from driver: StaticString) throws(Errno) { throw .ENODEV }

  /// Looks for a driver for the device `name` of `bus`, if it has none.
  ///
  /// - Throws: `ENODEV` when there is no such device; nothing when there is no driver.
  open func probe(_ name: Span<UInt8>, on bus: StaticString) throws(Errno) { throw .ENODEV }

  /// Whether devices that come to `bus` get drivers by themselves.
  open func bindsByItself(on bus: StaticString) -> Bool { true }

  /// Says whether devices that come to `bus` get drivers by themselves.
  ///
  /// - Throws: `EOPNOTSUPP`.
  open func setBindsByItself(_ does: Bool, on bus: StaticString) throws(Errno) { throw .EOPNOTSUPP }
}

/// Holds who does what programs ask of buses: set once, before programs run.
final class BusControls {
  var control = BusControl()
}

/// The directories of buses and of their drivers.
///
/// Source: Linux Documentation/driver-api/driver-model/bus.rst and driver.rst; what PCI has besides is in `PCIBusFiles`.
extension SystemFileSystem {
  /// Who does what programs ask of devices and drivers that are not PCI's; at first all is refused.
  ///
  /// It is set once, before programs run.
  public var busControl: BusControl {
    get { busControls.control }
    set { busControls.control = newValue }
  }

  /// A part of a bus's directory, which is made with the bus's first device.
  func busDirectory(_ part: StaticString, _ bus: StaticString) throws(Errno) -> SyntheticDirectory {
    guard let buses else { throw .EINVAL }
    let directory = try directory(bus, in: buses)
    if try Self.isNew(directory) {
      _ = try self.directory("drivers", in: directory)
      if !Self.isPCI(bus) { try addActions(ofBus: bus, to: directory) }
      try addEvents(to: directory, "bus", try PathText("bus/", bus.description))
    }
    return try self.directory(part, in: directory)
  }

  /// The directory of a driver, which is made with the first device that it gets.
  func driverDirectory(_ driver: StaticString, _ bus: StaticString) throws(Errno) -> SyntheticDirectory {
    let directory = try directory(driver, in: try busDirectory("drivers", bus))
    if try Self.isNew(directory) {
      if !Self.isPCI(bus) { try addActions(ofDriver: driver, bus, to: directory) }
      try addEvents(
        to: directory, "drivers", try PathText("bus/", bus.description, "/drivers/", driver.description))
    }
    return directory
  }

  /// Whether a bus's or driver's directory is yet to get its files, the last of which is `uevent`.
  private static func isNew(_ directory: SyntheticDirectory) throws(Errno) -> Bool {
    let file: Message = "uevent"
    return try directory.lookUp(file.bytes) == nil
  }

  /// Does what may have been done before, when there was no memory for the rest.
  private static func ensure(_ body: () throws(Errno) -> Void) throws(Errno) {
    do throws(Errno) { try body() } catch {
      if error != .EEXIST { throw error }
    }
  }

  private static func isPCI(_ bus: StaticString) -> Bool {
    let text: Message = "\(bus.description)"
    return text.bytes.isEqual(to: "pci")
  }

  private func addActions(ofBus bus: StaticString, to directory: SyntheticDirectory) throws(Errno) {
    let controls = busControls
    try Self.ensure { () throws(Errno) in
      try directory.addAction("drivers_probe") { (text: Span<UInt8>) throws(Errno) in
        try controls.control.probe(AttributeText.line(text), on: bus)
      }
    }
    try Self.ensure { () throws(Errno) in
      try directory.add(
        "drivers_autoprobe", permissions: 0o644,
        { text in text.write(controls.control.bindsByItself(on: bus) ? "1\n" : "0\n") },
        accepts: { (text: Span<UInt8>) throws(Errno) in
          try controls.control.setBindsByItself(AttributeText.isYes(text), on: bus)
        })
    }
  }

  private func addActions(
    ofDriver driver: StaticString, _ bus: StaticString, to directory: SyntheticDirectory
  ) throws(Errno) {
    let controls = busControls
    try Self.ensure { () throws(Errno) in
      try directory.addAction("bind") { (text: Span<UInt8>) throws(Errno) in
        try controls.control.bind(AttributeText.line(text), on: bus, to: driver)
      }
    }
    try Self.ensure { () throws(Errno) in
      try directory.addAction("unbind") { (text: Span<UInt8>) throws(Errno) in
        try controls.control.unbind(AttributeText.line(text), on: bus, from: driver)
      }
    }
  }

  /// Gives the directory of a bus or of a driver the file by which its event can be had, and sends that.
  private func addEvents(
    to directory: SyntheticDirectory, _ subsystem: StaticString, _ path: PathText
  ) throws(Errno) {
    let events = ObjectEvents(path, name: path, SystemDeviceDescription(), subsystem: subsystem)
    // As on Linux there is nothing to be read.
    try directory.add(
      "uevent", permissions: 0o200, { (_: inout TextBuffer) throws(Errno) in },
      accepts: { (text: Span<UInt8>) throws(Errno) in try events.accept(text) })
    events.send(.add)
  }
}
