import DeviceFiles
import DriverKit
import Foundations
import Input
import Logging
import Machine
import Virtio

/// The driver of a virtual machine's keyboard, mouse or tablet.
final class VirtioInputDriver: VirtioDriver {
  private var input: VirtioInput?

  override func begin(
    _ transport: VirtioTransport, _ pacer: VirtioPacer, messageCount: Int, _ context: DriverContext
  ) throws(VirtioError) -> VirtioInterrupts {
    let input = try VirtioInput(transport, sink: EventSink(context), pacer: pacer)
    self.input = input
    return try input.start(messageCount: messageCount)
  }

  override func beginAnew(messageCount: Int, _ context: DriverContext) throws(VirtioError) -> VirtioInterrupts {
    guard let input else { throw .stopped }
    return try input.start(messageCount: messageCount)
  }

  override var virtio: VirtioDevice? { input?.device }
  override var queueCount: Int { 2 }
  override func handleQueue(_ number: Int) throws(VirtioError) -> Bool { try input?.handleQueue(number) ?? false }
  override func handleConfigurationChange() throws(VirtioError) { try input?.handleConfigurationChange() }
  override func end(isGone: Bool) throws(VirtioError) { try input?.stop(isGone: isGone) }

  override func serve(_ request: DriverRequest, _ context: DriverContext) throws(Errno) {
    guard let order = request as? InputOrder, let input else { return request.complete(.failure(.EINVAL)) }
    do throws(VirtioError) {
      try input.send(type: order.type, code: order.code, value: order.value)
      order.complete(.success(0))
    } catch {
      order.complete(.failure(error.errno))
      // A queue that cannot be what the device left there is the end of the driver.
      if error == .corruptQueue { throw error.errno }
    }
  }
}

/// What the kernel wants of the device: a light, a sound.
private final class InputOrder: DriverRequest {
  let type: UInt16
  let code: UInt16
  let value: Int32

  init(_ type: UInt16, _ code: UInt16, _ value: Int32) {
    (self.type, self.code, self.value) = (type, code, value)
    super.init(isRepeatable: false)
  }
}

/// Takes orders of the kernel's to the device's driver, whichever that is.
private final class OrderTaker: InputDriver {
  private let device: DeviceNode

  init(_ device: DeviceNode) {
    self.device = device
    super.init()
  }

  override func perform(_ event: InputEvent) {
    // A device that is just being reset does not get it.
    try? device.submit(InputOrder(event.type.rawValue, event.code, event.value))
  }
}

/// Makes an input device of what the device says of itself, and reports its events.
private final class EventSink: VirtioInputSink {
  private let context: DriverContext
  private var device: InputDevice?

  init(_ context: DriverContext) {
    self.context = context
    super.init()
  }

  override func attach(_ description: VirtioInputDescription) {
    // After a rest it is the device that programs have already.
    guard device == nil else { return }
    let node = context.device
    do throws(Errno) {
      device = try InputPublication.publish(through: context) { () throws(Errno) in try Self.make(description, node) }
    } catch {
      context.log(.warning, "it is no input device for programs: error \(error.rawValue)")
    }
  }

  override func receive(type: UInt16, code: UInt16, value: Int32) {
    guard let device else { return }
    Containment.outside { device.report(EventType(rawValue: type), code, value) }
  }

  override func detach() {
    let device = device
    Containment.outside { device?.releaseAllKeys() }
  }

  private static func make(_ source: VirtioInputDescription, _ node: DeviceNode) throws(Errno) -> InputDevice {
    var name = Message()
    name.write(source.name.span)
    var description = InputDescription(
      name: name,
      identity: InputIdentity(
        bus: source.bus, vendor: source.vendor, product: source.product, version: source.version))
    description.physicalPath = "\(node.name)/input0"
    if source.serial.count > 0 {
      var serial = Message()
      serial.write(source.serial.span)
      description.uniqueName = serial
    }
    for bit in 0..<VirtioInputBytes.capacity * 8 where source.properties.contains(bit: bit) && bit < 64 {
      description.capabilities.insert(property: bit)
    }
    for index in 0..<source.typeCount {
      guard let (number, codes) = source.type(at: index) else { continue }
      let type = EventType(rawValue: number)
      description.capabilities.insert(type)
      for code in 0..<VirtioInputBytes.capacity * 8 where codes.contains(bit: code) {
        description.capabilities.insert(type, UInt16(code))
      }
    }
    let device = try InputDevice(description, driver: OrderTaker(node))
    for index in 0..<source.axes.count {
      let axis = source.axes[index]
      _ = device.setAxis(
        axis.code,
        AbsoluteAxis(
          minimum: axis.minimum, maximum: axis.maximum, fuzz: axis.fuzz, flat: axis.flat,
          resolution: axis.resolution))
    }
    return device
  }
}
