import Foundations
import Machine
import PCI

@testable import DriverKit

/// A driver that does what a test says.
final class ScriptedDriver: Driver {
  /// What the drivers of one device do, and have done.
  final class Script {
    var onStart: (DriverContext) throws(Errno) -> Void = { _ in }
    var onInterrupt: (DriverContext) throws(Errno) -> Void = { _ in }
    var onServe: (DriverRequest, DriverContext) throws(Errno) -> Void = { request, _ in
      request.complete(.success(0))
    }
    var onReset: (DriverContext) -> Void = { _ in }
    var onEnd: () -> Void = {}
    var startCount = 0
  }

  private let script: Script

  init(_ script: Script) {
    self.script = script
    super.init()
  }

  deinit { script.onEnd() }

  override func start(_ context: DriverContext) throws(Errno) {
    script.startCount += 1
    try script.onStart(context)
  }
  override func interrupt(_ number: Int, _ context: DriverContext) throws(Errno) { try script.onInterrupt(context) }
  override func serve(_ request: DriverRequest, _ context: DriverContext) throws(Errno) {
    try script.onServe(request, context)
  }
  override func reset(_ context: DriverContext) { script.onReset(context) }
}

/// A device's thread, of which a test makes each step.
final class SteppedHost {
  private final class Kind: DriverType {
    let script: ScriptedDriver.Script
    init(_ script: ScriptedDriver.Script) {
      self.script = script
      super.init("scripted", .platform)
    }
    override func makeDriver(for device: DeviceNode) throws(Errno) -> Driver { ScriptedDriver(script) }
  }

  let script = ScriptedDriver.Script()
  let device: DeviceNode
  let host: DriverHost

  init(_ device: DeviceNode = DeviceNode("scripted", .platform, .platform("scripted"))) {
    self.device = device
    host = DriverHost(device, Kind(script), .thisOnly)
  }

  /// Has the thread do what there is to do.
  func run() { while host.step() {} }

  /// Gives an order, and has it carried out.
  func order(_ operation: HostOrder.Operation) throws -> DriverRequest.Outcome? {
    let order = try host.post(operation)
    run()
    return order.outcome
  }

  /// Has the driver serve a request.
  func serve() throws -> DriverRequest.Outcome? {
    let request = DriverRequest(isRepeatable: false)
    try host.submit(request)
    run()
    return request.outcome
  }
}

/// Configuration space with one function, 00:03.0, that has what capabilities a test gives it.
final class OneFunctionSpace: PCIConfigurationAccess {
  var bytes = [UInt8](repeating: 0, count: 256)

  /// - Parameter capabilities: the first bytes of each, with its identifier first; the next is linked by this.
  init(_ capabilities: [[UInt8]] = []) {
    set(0x1000_1af4, at: 0, width: 4)
    set(0x00ff_0000, at: 8, width: 4)
    guard !capabilities.isEmpty else { return }
    set(0x10, at: 6, width: 2)
    bytes[0x34] = 0x40
    for (index, capability) in capabilities.enumerated() {
      let place = 0x40 + 0x20 * index
      for (offset, byte) in capability.enumerated() { bytes[place + offset] = byte }
      bytes[place + 1] = index + 1 < capabilities.count ? UInt8(place + 0x20) : 0
    }
  }

  /// The function, as a scan finds it.
  func makeFunction() throws -> PCIFunction {
    var hierarchy = PCIHierarchy(self)
    try hierarchy.add(PCIRoot())
    try hierarchy.scan { _ in }
    return hierarchy[0]
  }

  func byteCount(of address: PCIAddress) -> Int { 256 }

  func get(_ offset: Int, width: Int) -> UInt32 {
    (0..<width).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
  }

  private func set(_ value: UInt32, at offset: Int, width: Int) {
    for index in 0..<width { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index)) }
  }

  func read(_ address: PCIAddress, at offset: Int, width: Int) -> UInt32 {
    address == PCIAddress(bus: 0, device: 3, function: 0) ? get(offset, width: width) : .max
  }

  func write(_ value: UInt32, to address: PCIAddress, at offset: Int, width: Int) {
    guard address == PCIAddress(bus: 0, device: 3, function: 0) else { return }
    // The command, and what capabilities have; no base addresses.
    if offset == 4 || offset >= 0x40 { set(value, at: offset, width: width) }
  }
}
