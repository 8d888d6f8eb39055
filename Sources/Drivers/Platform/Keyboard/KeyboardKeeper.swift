import DriverKit
import Foundations
import Input
import KeyboardDriver
import Machine
import Synchronization

/// What stays of a keyboard's controller when its driver is replaced: its ports, and the input devices that programs have open.
///
/// It belongs to the kernel.
final class KeyboardKeeper: Publication {
  /// Who takes what is wanted of the keyboard to the driver.
  let orders: KeyboardOrders
  private(set) var devices: KeyboardDevices?
  private let device: DeviceNode
  private let places: KeyboardPlaces
  private var ports: KeyboardPortHolder?

  private init(_ device: DeviceNode, _ places: KeyboardPlaces) {
    (self.device, self.places) = (device, places)
    orders = KeyboardOrders(device)
    super.init()
  }

  /// That of the driver before, or a new one.
  static func publish(_ places: KeyboardPlaces, through context: DriverContext) throws(Errno) -> KeyboardKeeper {
    let device = context.device
    let publication = try context.publish { () throws(Errno) in KeyboardKeeper(device, places) }
    guard let keeper = publication as? KeyboardKeeper else { throw .EIO }
    return keeper
  }

  /// Whether a driver of this device has worked before.
  var hasWorked: Bool { devices != nil }

  /// The ports, which are taken the first time.
  ///
  /// - Throws: `EBUSY` when somebody has them.
  func ports(_ place: KeyboardPlace, _ context: DriverContext) throws(Errno) -> KeyboardPortHolder {
    if let ports { return ports }
    let new = try KeyboardPortHolder.claim(place, context)
    ports = new
    return new
  }

  /// The input devices of what was found: those that there are, or others if something else is plugged in now.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: the device's thread, as the kernel.
  func show(_ identity: KeyboardIdentity) throws(Errno) -> KeyboardDevices {
    orders.noteTaken()
    if let devices, devices.identity == identity {
      // Nobody knows what was pressed while there was no driver.
      devices.releaseAll()
      return devices
    }
    let new = try KeyboardDevices(identity, driver: orders)
    hide()
    let parents = places.add(identity, of: device)
    do throws(Errno) {
      try new.register(at: parents.keyboard, parents.mouse)
    } catch {
      places.remove(device)
      throw error
    }
    devices = new
    places.announce(device)
    return new
  }

  private func hide() {
    guard let old = devices.take() else { return }
    old.unregister()
    places.remove(device)
  }

  override func withdraw() {
    hide()
    ports?.release()
    ports = nil
  }

  override func continues(as successor: Publication) -> Bool { successor is KeyboardKeeper }
}

/// Takes what is wanted of a keyboard to its driver, whichever that is. What that is the input device knows.
final class KeyboardOrders: InputDriver {
  private let device: DeviceNode
  /// Whether an order waits to be taken, which will find all that is wanted by then.
  private let isWaiting = Atomic<Bool>(false)

  init(_ device: DeviceNode) {
    self.device = device
    super.init()
  }

  override func perform(_ event: InputEvent) {
    guard !isWaiting.exchange(true, ordering: .acquiringAndReleasing) else { return }
    do throws(Errno) { try device.submit(KeyboardOrder()) } catch {
      // Without a driver, or without memory: the next driver, or the next wish, sees to it.
      noteTaken()
    }
  }

  /// The driver looks at what is wanted from now on.
  func noteTaken() { isWaiting.store(false, ordering: .sequentiallyConsistent) }
}

/// That something is wanted of a keyboard.
final class KeyboardOrder: DriverRequest {
  init() { super.init(isRepeatable: true) }
}
