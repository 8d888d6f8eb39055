import Foundations
import Machine

/// Serial ports without a line, of a virtual machine: one, or several that come, go and have names.
///
/// Source: VIRTIO 1.2, section 5.3. Context: one thread at a time.
public final class VirtioConsole {
  /// The device.
  public let device: VirtioDevice

  private typealias Layout = VirtioLayout.Console

  /// The most bytes that come at once: room for fewer is none.
  public static let bufferByteCount = 512

  let sink: VirtioConsoleSink
  private let mostPorts: Int
  private var ports = GrowableArray<VirtioConsolePort>()
  private var control: VirtioConsoleControl?

  /// A driver for the device behind `transport`, which is not touched yet.
  ///
  /// - Parameter mostPorts: how many ports to use at most, 1...64; the device may have fewer.
  public init(_ transport: VirtioTransport, sink: VirtioConsoleSink, pacer: VirtioPacer, mostPorts: Int = 8) {
    device = VirtioDevice(transport, pacer: pacer)
    self.sink = sink
    self.mostPorts = max(1, min(mostPorts, 64))
  }

  /// Whether there are several ports, which come and go.
  public var hasSeveralPorts: Bool { control != nil }

  /// Sets the device up. A device with one port has it open at once; others tell what ports they have.
  ///
  /// - Parameter messageCount: how many messages there are to interrupt by.
  /// - Returns: how it interrupts.
  /// - Throws: what `VirtioDevice` does.
  public func start(messageCount: Int) throws(VirtioError) -> VirtioInterrupts {
    try device.begin([Layout.Features.size, Layout.Features.multiplePorts])
    let isMultiple = device.features.contains(Layout.Features.multiplePorts)
    ports.removeAll()
    do throws(VirtioError) {
      var control: VirtioConsoleControl?
      for number in 0..<(isMultiple ? possiblePorts() : 1) { try makePort(number) }
      if isMultiple { control = try VirtioConsoleControl(device) }
      let interrupts = try device.start(messageCount: messageCount)
      self.control = control
      if let control {
        try control.begin()
      } else {
        try ports[0].begin()
        (ports[0].isPresent, ports[0].isOpen) = (true, true)
        sink.portAdded(0)
        sink.portIsConsole(0)
        sink.portChanged(0, isOpen: true)
        try handleConfigurationChange()
      }
      return interrupts
    } catch {
      device.fail()
      throw error
    }
  }

  private func possiblePorts() -> Int {
    let wanted = Int(truncatingIfNeeded: device.read(Layout.Configuration.mostPorts))
    // Two queues a port, and two for control.
    return max(1, min(wanted, mostPorts, max(0, device.transport.queueCount() / 2 - 1)))
  }

  private func makePort(_ number: Int) throws(VirtioError) {
    let first = number == 0 ? 0 : 2 + number * 2
    let options = VirtioQueue.Options(size: VirtioConsoleBuffers.count)
    let receive = try device.makeQueue(first, options)
    let transmit = try device.makeQueue(first + 1, options)
    do throws(Errno) { try ports.append(VirtioConsolePort(number, receive, transmit)) } catch { throw .noMemory }
  }

  /// Takes what has come, or been sent.
  ///
  /// - Returns: whether it should be called again soon, before any interrupt.
  /// - Throws: `.corruptQueue`: the device is to be stopped.
  public func handleQueue(_ number: Int) throws(VirtioError) -> Bool {
    if let control {
      if number == control.receiveQueue.number { return try control.receive { message in handle(message) } }
      if number == control.transmitQueue.number { return try control.reclaim() }
    }
    for index in 0..<ports.count {
      if number == ports[index].receiveQueue.number { return try ports[index].receive(sink) }
      if number == ports[index].transmitQueue.number { return try ports[index].reclaim(sink) }
    }
    return false
  }

  /// Goes on with a port whose bytes the sink had no room for.
  ///
  /// - Returns: whether there may be more.
  /// - Throws: as `handleQueue`.
  public func resume(_ port: Int) throws(VirtioError) -> Bool {
    guard port >= 0, port < ports.count, ports[port].isHeld else { return false }
    return try ports[port].receive(sink)
  }

  /// Whether somebody at the host has port `port` open.
  public func isOpen(_ port: Int) -> Bool {
    port >= 0 && port < ports.count && ports[port].isPresent && ports[port].isOpen
  }

  /// Looks at the size of the screen.
  ///
  /// - Throws: `.needsReset`, `.gone`, `.unstableConfiguration`.
  public func handleConfigurationChange() throws(VirtioError) {
    try device.check()
    guard device.features.contains(Layout.Features.size), !hasSeveralPorts else { return }
    let size = try device.readTogether {
      (device.read(Layout.Configuration.columns), device.read(Layout.Configuration.rows))
    }
    if size.0 > 0, size.1 > 0 { sink.resized(0, columns: Int(size.0), rows: Int(size.1)) }
  }

  /// Sends `bytes` by port `port`, as many as there is room for.
  ///
  /// - Returns: how many; when it is fewer, the sink is told once there is room.
  /// - Throws: `.stopped` when the port is not there or not open at the host, `.corruptQueue`.
  public func write(_ bytes: Span<UInt8>, to port: Int) throws(VirtioError) -> Int {
    guard port >= 0, port < ports.count, ports[port].isPresent, ports[port].isOpen else { throw .stopped }
    return try ports[port].write(bytes)
  }

  /// Tells the host that somebody here has opened or closed port `port`.
  ///
  /// - Throws: `.stopped` when the port is not there, `.corruptQueue`.
  public func setOpen(_ isOpen: Bool, port: Int) throws(VirtioError) {
    guard port >= 0, port < ports.count, ports[port].isPresent else { throw .stopped }
    try control?.send(port, .portOpen, isOpen ? 1 : 0)
  }

  private func handle(_ message: VirtioConsoleMessage) {
    // A port that this driver does not use is none of its business, but the host wants to know.
    guard message.port < UInt32(ports.count) else {
      if message.event == .portAdded { answer(Int(message.port), .portReady, 0) }
      return
    }
    let number = Int(message.port)
    let port = ports[number]
    if !port.isPresent, message.event != .portAdded { return }
    switch message.event {
    case .portAdded:
      guard !port.isPresent else { return }
      do throws(VirtioError) { try port.begin() } catch {
        // Without memory the port cannot be used, and the host may know.
        return answer(number, .portReady, 0)
      }
      port.isPresent = true
      sink.portAdded(number)
      answer(number, .portReady, 1)
    case .portRemoved:
      do throws(VirtioError) { try port.end() } catch {
        // A broken queue is seen by whoever handles it next.
      }
      sink.portRemoved(number)
    case .consolePort:
      sink.portIsConsole(number)
      port.isOpen = true
      answer(number, .portOpen, 1)
    case .resize:
      let (columns, rows) = (message.word(0), message.word(2))
      if columns > 0, rows > 0 { sink.resized(number, columns: Int(columns), rows: Int(rows)) }
    case .portOpen:
      port.isOpen = message.value != 0
      sink.portChanged(number, isOpen: port.isOpen)
    case .portName: if message.detail.count > 0 { sink.portNamed(number, message.detail.span) }
    // What only a driver says.
    case .deviceReady, .portReady: break
    }
  }

  private func answer(_ port: Int, _ event: VirtioLayout.Console.ControlEvent, _ value: UInt16) {
    do throws(VirtioError) {
      try control?.send(port, event, value)
    } catch {
      // A broken queue is seen by whoever handles it next.
    }
  }

  /// Ends the use of the device, and tells the sink that the ports have gone.
  ///
  /// - Throws: as `VirtioDevice.stop`; on `.resetTimeout` the driver is to be kept.
  public func stop(isGone: Bool) throws(VirtioError) {
    for index in 0..<ports.count where ports[index].isPresent {
      (ports[index].isPresent, ports[index].isOpen) = (false, false)
      sink.portRemoved(index)
    }
    try device.stop(isGone: isGone)
    ports.removeAll()
    control = nil
  }
}
