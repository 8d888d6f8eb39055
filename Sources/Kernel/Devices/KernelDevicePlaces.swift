import DeviceFileSystem
import DeviceFiles
import DriverKit
import Foundations
import KernelEvents
import Logging
import Machine
import PCI
import SyntheticFiles
import SystemFileSystem
import VFS

/// Makes names in /dev and directories in /sys for the files of drivers' devices.
final class KernelDevicePlaces: DevicePlacement {
  private let files: DeviceFileSystem
  private let system: SystemFileSystem
  private let observer: SystemDeviceObserver

  init(_ files: DeviceFileSystem, _ system: SystemFileSystem, _ observer: SystemDeviceObserver) {
    (self.files, self.system, self.observer) = (files, system, observer)
    super.init()
  }

  override func place(_ entry: DeviceFileEntry) throws(Errno) -> DevicePlace {
    let template = entry.template
    let name = entry.name
    let placed = try files.place(
      name.bytes, template.kind, entry.number, permissions: template.permissions, group: template.group)
    let place = FilePlace(files, name, placed)
    do throws(Errno) {
      // It may be another device's already.
      if let link = entry.link { (place.link, place.placedLink) = (link, try files.placeLink(link, to: name.bytes)) }
      if let className = template.className { place.device = try show(entry, className) }
      return place
    } catch {
      place.remove()
      throw error
    }
  }

  private func show(_ entry: DeviceFileEntry, _ className: StaticString) throws(Errno) -> SystemDevice {
    var description = SystemDeviceDescription()
    (description.className, description.number) = (className, entry.number)
    description.isBlock = entry.template.kind == .blockDevice
    // udev gives files these by itself.
    if entry.template.permissions != 0o600 { description.permissions = entry.template.permissions }
    if entry.template.systemName != nil { description.fileName = entry.template.name }
    let name = entry.className
    let parent = entry.template.isVirtual ? nil : observer.shownDevice(of: entry.device)
    return try system.addDevice(name.bytes, below: parent, description) {
      directory throws(Errno) in
      try entry.server.addAttributes(to: directory, of: entry)
    }
  }

  override func place(_ attributes: DeviceAttributes, of device: DeviceNode) throws(Errno) -> DevicePlace {
    guard let shown = observer.shownDevice(of: device) else { return DevicePlace() }
    do throws(Errno) { try attributes.add(to: shown.directory) } catch {
      // Some of them may be there.
      if error != .EEXIST { attributes.remove(from: shown.directory) }
      throw error
    }
    return AttributePlace(attributes, shown.directory)
  }
}

private final class FilePlace: DevicePlace {
  private let files: DeviceFileSystem
  private let name: Message
  /// Its file; nil where a program has something in that place.
  private let placed: PlacedName?
  /// Another name that it has.
  var link: StaticString?
  var placedLink: PlacedName?
  var device: SystemDevice?

  init(_ files: DeviceFileSystem, _ name: Message, _ placed: PlacedName?) {
    (self.files, self.name, self.placed) = (files, name, placed)
    super.init()
  }

  override func announceChange() { device?.announce(.change) }

  override func remove() {
    // First the names, so that programs that are told do not find them. Somebody may have removed them.
    if let placed { try? files.remove(name.bytes, placed) }
    if let link, let placedLink {
      let text: Message = "\(link.description)"
      try? files.remove(text.bytes, placedLink)
    }
    device?.remove()
  }
}

private final class AttributePlace: DevicePlace {
  private let attributes: DeviceAttributes
  private let directory: SyntheticDirectory

  init(_ attributes: DeviceAttributes, _ directory: SyntheticDirectory) {
    (self.attributes, self.directory) = (attributes, directory)
    super.init()
  }

  override func remove() { attributes.remove(from: directory) }
}
