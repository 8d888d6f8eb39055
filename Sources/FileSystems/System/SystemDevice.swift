public import Foundations
public import KernelEvents
import Machine
public import SyntheticFiles
public import VFS
import Waiting

/// What a device is, for its place in /sys.
public struct SystemDeviceDescription {
  /// The bus that it is on.
  public var bus: StaticString?
  /// The class that it is of: what it does for programs.
  public var className: StaticString?
  /// The number of its file in /dev.
  public var number: DeviceNumber?
  /// Whether that file is a block device.
  public var isBlock = false
  /// The directory of /dev that the file is in, if it is in one.
  public var folder: StaticString?
  /// What the file is called there, if it is not called as the device.
  public var fileName: StaticString?
  /// What the file permits, if it is not what udev gives all files.
  public var permissions: UInt16?
  /// What kind of its class it is, such as `disk` and `partition`.
  public var type: StaticString?
  /// Writes more lines of `uevent`, each a name, `=` and a value.
  public var facts: WholeText.Writer?

  /// Nothing is known.
  public init() {}

  /// Whether it is a part of what it is below, and not what that does.
  var isPartition: Bool {
    guard let type else { return false }
    let text: Message = "\(type.description)"
    return text.bytes.isEqual(to: "partition")
  }

  /// Whether it is the platform's, below which it lies then.
  var isOnPlatform: Bool {
    guard let bus else { return false }
    let text: Message = "\(bus.description)"
    return text.bytes.isEqual(to: "platform")
  }
}

/// When programs are told.
public enum SystemDeviceAnnouncement: Equatable, Sendable {
  /// At once.
  case atOnce
  /// When the caller says so, by `SystemDevice.announce`: more belongs to what is told.
  case later
}

/// A device's directory in /sys, and the links to it, until it is removed.
public final class SystemDevice {
  /// Where attributes are added.
  public let directory: SyntheticDirectory
  fileprivate let name: PathText
  /// From /sys on, without a slash before it.
  let path: PathText
  /// What programs are told of it.
  fileprivate let events: ObjectEvents
  fileprivate let description: SystemDeviceDescription
  fileprivate let fileSystem: SystemFileSystem
  /// What its directory is in.
  fileprivate let place: SystemDevicePlace
  /// What it is connected to, or belongs to.
  fileprivate let above: SystemDevice?

  fileprivate init(
    _ fileSystem: SystemFileSystem, _ directory: SyntheticDirectory, in place: SystemDevicePlace, name: PathText,
    path: PathText, below above: SystemDevice?, _ description: SystemDeviceDescription
  ) {
    (self.fileSystem, self.directory, self.place) = (fileSystem, directory, place)
    self.above = above
    (self.name, self.path, self.description) = (name, path, description)
    events = ObjectEvents(path, name: name, description, subsystem: description.className ?? description.bus)
  }

  /// Tells programs what has happened to it, other than that it came or went, or that a driver did, unless that was left for later.
  ///
  /// - Context: a thread without spin locks; may wait.
  public func announce(_ action: KernelEventAction) { events.send(action) }

  /// Tells programs that it has changed, and with `fact` how: a name, `=` and a value.
  ///
  /// - Context: as of the other.
  public func announceChange(_ fact: Message) { events.sendChange(fact) }

  /// Notes that `driver` serves it, or that none does any more, and tells programs.
  ///
  /// - Parameter announcement: `.later` for a driver that is yet to work; `announce(.bind)` tells of it then.
  /// - Throws: `ENOMEM`.
  public func setDriver(
    _ driver: StaticString?, _ announcement: SystemDeviceAnnouncement = .atOnce
  ) throws(Errno) {
    try fileSystem.changing.withLock { () throws(Errno) in
      try dropDriver()
      guard let driver, let bus = description.bus, !events.hasGone else { return }
      let drivers = try fileSystem.driverDirectory(driver, bus)
      try drivers.add(name, try fileSystem.makeLink(up: 4, to: path))
      do throws(Errno) {
        let place = try PathText("bus/", bus.description, "/drivers/", driver.description)
        try directory.add("driver", try fileSystem.makeLink(up: path.depth, to: place))
      } catch {
        drivers.remove(name)
        throw error
      }
      events.driver = driver
      if announcement == .atOnce { events.send(.bind) }
    }
  }

  fileprivate func dropDriver() throws(Errno) {
    guard let old = events.driver, let bus = description.bus else { return }
    try fileSystem.driverDirectory(old, bus).remove(name)
    let text: Message = "driver"
    directory.remove(text.bytes)
    events.driver = nil
    events.send(.unbind)
  }

  /// Removes it, and before it those below it: it is unplugged, which programs are told. Does nothing when it has been removed.
  public func remove() {
    fileSystem.changing.withLock { fileSystem.removeAll(from: self) }
    fileSystem.names.forgetGone()
  }

  fileprivate func takeAway() {
    // Without memory for a directory there is no link in it either.
    try? dropDriver()
    try? fileSystem.unlink(self)
    place.directory.remove(name)
    place.dropIfEmpty()
    events.retire()
    events.send(.remove)
  }

  /// Whether it is `other` or below it.
  fileprivate func isBelow(_ other: SystemDevice) -> Bool {
    var device: SystemDevice? = self
    while let current = device {
      if current === other { return true }
      device = current.above
    }
    return false
  }
}

extension SystemFileSystem {
  /// Adds a device, and tells programs: of each after what it is below.
  ///
  /// - Parameters:
  ///   - name: what it is called where it is.
  ///   - parent: what it is connected to, or belongs to; nil for nothing that is known.
  ///   - announcement: `.later` for one of which there is more to be made; `announce(.add)` tells of it then.
  ///   - attributes: adds files to its directory that are to be there when programs hear of it. May not add a device.
  /// - Throws: `EEXIST`, `ENOMEM`; then nothing has changed.
  /// - Context: a thread without spin locks.
  public func addDevice(
    _ name: Span<UInt8>, below parent: SystemDevice?, _ description: SystemDeviceDescription,
    _ announcement: SystemDeviceAnnouncement = .atOnce,
    attributes: (SyntheticDirectory) throws(Errno) -> Void = { _ throws(Errno) in }
  ) throws(Errno) -> SystemDevice {
    do throws(Errno) {
      return try addAlone(name, below: parent, description, announcement, attributes)
    } catch {
      names.forgetGone()
      throw error
    }
  }

  private func addAlone(
    _ name: Span<UInt8>, below parent: SystemDevice?, _ description: SystemDeviceDescription,
    _ announcement: SystemDeviceAnnouncement, _ attributes: (SyntheticDirectory) throws(Errno) -> Void
  ) throws(Errno) -> SystemDevice {
    changing.lock()
    defer { changing.unlock() }
    let place = try place(of: description, below: parent)
    do throws(Errno) {
      let device = try make(name, in: place, below: parent, description, attributes)
      if announcement == .atOnce { device.events.send(.add) }
      return device
    } catch {
      place.dropIfEmpty()
      throw error
    }
  }

  private func make(
    _ name: Span<UInt8>, in place: SystemDevicePlace, below parent: SystemDevice?,
    _ description: SystemDeviceDescription, _ attributes: (SyntheticDirectory) throws(Errno) -> Void
  ) throws(Errno) -> SystemDevice {
    let directory = SyntheticDirectory(self, permissions: 0o755)
    let device = SystemDevice(
      self, directory, in: place, name: try PathText(name), path: try PathText(place.path, name), below: parent,
      description)
    try fill(device)
    try addPower(to: directory)
    try present.reserveCapacity(present.count + 1)
    try attributes(directory)
    try place.directory.add(name, directory)
    do throws(Errno) {
      try link(device)
      try present.append(device)
    } catch {
      place.directory.remove(name)
      throw error
    }
    return device
  }

  /// `directory` of /sys/devices as what devices may be added below: it is no device itself.
  func container(_ name: StaticString, _ directory: SyntheticDirectory) throws(Errno) -> SystemDevice {
    guard let devices else { throw .EINVAL }
    return SystemDevice(
      self, directory, in: SystemDevicePlace(devices, try PathText("devices")), name: try PathText(name.description),
      path: try PathText("devices/", name.description), below: nil, SystemDeviceDescription())
  }

  /// Those below a device have come later.
  fileprivate func removeAll(from device: SystemDevice) {
    var index = present.count - 1
    while index >= 0 {
      if present[index].isBelow(device) { present.remove(at: index).takeAway() }
      index -= 1
    }
  }

  /// What a device's directory is in. Source: Linux Documentation/admin-guide/sysfs-rules.rst, and drivers/base/core.c,
  /// get_device_parent: what belongs to no device is virtual; what belongs to one of a class lies below that as it is.
  private func place(
    of description: SystemDeviceDescription, below parent: SystemDevice?
  ) throws(Errno) -> SystemDevicePlace {
    guard let devices, let virtualDevices else { throw .EINVAL }
    guard let owner = parent ?? (description.isOnPlatform ? platform : nil) else {
      guard let name = description.className else { return SystemDevicePlace(devices, try PathText("devices")) }
      return try classPlace(name, in: virtualDevices, try PathText("devices/virtual"))
    }
    // What is of a class and below one of a class is as `input0/event0`.
    guard let name = description.className, owner.description.className == nil else {
      return SystemDevicePlace(owner.directory, owner.path)
    }
    return try classPlace(name, in: owner.directory, owner.path)
  }

  /// The directory for devices of a class that belong to the same device.
  private func classPlace(
    _ name: StaticString, in container: SyntheticDirectory, _ path: PathText
  ) throws(Errno) -> SystemDevicePlace {
    let text: Message = "\(name.description)"
    // First what may fail: the directory is not to be left behind.
    let path = try PathText(path, text.bytes)
    return SystemDevicePlace(try directory(name, in: container), path, ownName: name, in: container)
  }

  /// Adds what every device has.
  private func fill(_ device: SystemDevice) throws(Errno) {
    let description = device.description
    let events = device.events
    try device.directory.add(
      "uevent", permissions: 0o644,
      { (text: inout TextBuffer) throws(Errno) in try events.writeFacts(to: &text) },
      accepts: { (text: Span<UInt8>) throws(Errno) in try events.accept(text) })
    if let number = description.number {
      try device.directory.add("dev") { text in
        let number: Message = "\(number.major):\(number.minor)\n"
        text.write(number)
      }
    }
    if description.className != nil, let above = device.above, !description.isPartition {
      try device.directory.add("device", makeLink(from: device.path, to: above.path))
    }
    guard let subsystem = try subsystem(of: description) else { return }
    try device.directory.add("subsystem", makeLink(up: device.path.depth, to: subsystem))
  }

  private func subsystem(of description: SystemDeviceDescription) throws(Errno) -> PathText? {
    if let name = description.className { return try PathText("class/", name.description) }
    if let name = description.bus { return try PathText("bus/", name.description) }
    return nil
  }

  /// Makes what leads to a device.
  ///
  /// - Throws: `EEXIST`, `ENOMEM`; then nothing leads to it.
  private func link(_ device: SystemDevice) throws(Errno) {
    let number = numberPlace(of: device.description)
    if let (directory, name) = number { try directory.add(name.bytes, makeLink(up: 2, to: device.path)) }
    do throws(Errno) {
      guard let (directory, depth) = try subsystemPlace(of: device.description) else { return }
      try directory.add(device.name, makeLink(up: depth, to: device.path))
    } catch {
      if let (directory, name) = number { directory.remove(name.bytes) }
      throw error
    }
  }

  /// Removes what leads to a device.
  fileprivate func unlink(_ device: SystemDevice) throws(Errno) {
    if let (directory, name) = numberPlace(of: device.description) { directory.remove(name.bytes) }
    try subsystemPlace(of: device.description)?.0.remove(device.name)
  }

  /// Where the link by the device's number is.
  private func numberPlace(of description: SystemDeviceDescription) -> (SyntheticDirectory, Message)? {
    guard let number = description.number, let numbers = description.isBlock ? blockNumbers : characterNumbers else {
      return nil
    }
    return (numbers, "\(number.major):\(number.minor)")
  }

  /// Where the link by its class or its bus is, and how deep that lies.
  private func subsystemPlace(of description: SystemDeviceDescription) throws(Errno) -> (SyntheticDirectory, Int)? {
    if let name = description.className, let classes { return (try directory(name, in: classes), 2) }
    if let bus = description.bus { return (try busDirectory("devices", bus), 3) }
    return nil
  }

  /// A link from one directory to another, as short as it gets.
  func makeLink(from directory: PathText, to path: PathText) throws(Errno) -> LinkInode {
    let way = directory.way(to: path)
    return LinkInode(self) { text in
      for _ in 0..<way.up { text.write("../") }
      path.write(from: way.start, to: &text)
    }
  }

  /// A link to `path` from a directory that is `depth` below /sys.
  func makeLink(up depth: Int, to path: PathText) throws(Errno) -> LinkInode {
    LinkInode(self) { text in
      for _ in 0..<depth { text.write("../") }
      text.write(path)
    }
  }
}
