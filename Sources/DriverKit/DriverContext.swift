public import Foundations
public import Interrupts
public import Logging
public import Machine
public import PCI
import Time
import Waiting

/// What the framework offers a driver: the way to its device and to the kernel.
///
/// All that is taken through it is on record and comes back when the driver goes, so a driver gives nothing back itself.
///
/// - Context: the device's thread only.
public final class DriverContext {
  /// The device.
  public let device: DeviceNode
  let resources = DriverResources()
  let signals: DriverSignals
  private var wasIdle = false

  init(_ device: DeviceNode, _ signals: DriverSignals) { (self.device, self.signals) = (device, signals) }

  // MARK: Registers

  /// Maps the memory of a PCI function's base address register.
  ///
  /// - Throws: `ENODEV` when it has none there, and what `DeviceSpace.map` throws.
  public func mapRegisters(_ slot: PCIResourceSlot) throws(Errno) -> DeviceSpace {
    guard let function = device.function, let range = function[slot].range, function[slot].kind != .ports else {
      throw .ENODEV
    }
    return try Containment.outside { () throws(Errno) in try DeviceSpace.map(range) }
  }

  /// Claims the ports of a PCI function's base address register.
  ///
  /// - Throws: `ENODEV` when it has none there, `EBUSY` when somebody has them.
  public func claimPorts(_ slot: PCIResourceSlot) throws(Errno) -> PortSpace {
    guard let function = device.function, let range = function[slot].range, function[slot].kind == .ports,
      range.upperBound <= 0x1_0000
    else { throw .ENODEV }
    let base = UInt16(truncatingIfNeeded: range.lowerBound)
    return try claimPorts(base, count: Int(range.upperBound - range.lowerBound))
  }

  /// Claims ports that the platform says are the device's.
  ///
  /// - Throws: `EBUSY` when somebody has them, `ENOMEM`.
  public func claimPorts(_ base: UInt16, count: Int) throws(Errno) -> PortSpace {
    // At once: a driver that is ended in between would have ports that nobody knows of.
    return try Containment.outside { () throws(Errno) in
      guard let space = PortSpace.claim(base: base, count: count) else { throw .EBUSY }
      try resources.add(space.claim)
      return space
    }
  }

  /// Lets the device's PCI function answer to its ranges, and access memory itself if `isMaster`.
  ///
  /// - Throws: as `PCIFunction.enable`.
  public func enable(isMaster: Bool) throws(Errno) {
    guard let function = device.carrier else { return }
    try function.enable(isMaster: isMaster)
  }

  /// Says that the device can wake a suspended machine: its driver leaves that interrupt on in `suspend` while `DeviceNode.wakes`.
  public func noteWakes() { device.noteWakes() }

  // MARK: Interrupts and time

  /// Connects up to `limit` interrupts of the device, which arrive as `Driver.interrupt`, numbered from 0.
  ///
  /// Messages by MSI-X where the function has them, one by MSI, or its pin.
  ///
  /// - Returns: how many, 1...`limit`.
  /// - Throws: `ENODEV` when it has no interrupt; `ENOSPC`, `ENOMEM`.
  public func connectInterrupts(limit: Int) throws(Errno) -> Int {
    guard let function = device.carrier else { throw .ENODEV }
    return try Containment.outside { () throws(Errno) in
      let connected = try DriverInterrupts.connect(
        function, min(limit, DriverSignals.interruptLimit), signals, resources, label)
      note(connected)
      return connected.count
    }
  }

  /// Connects a line that firmware says is the device's, or that every such device has.
  ///
  /// - Parameters:
  ///   - number: which interrupt it arrives as, 0...47.
  ///   - label: what /proc/interrupts calls it; the driver's name when left out.
  /// - Throws: as `InterruptLines.connect`.
  public func connectLine(
    _ interrupt: PlatformResources.Interrupt, number: Int = 0, label: StaticString? = nil
  ) throws(Errno) {
    let name = label ?? self.label
    try Containment.outside { () throws(Errno) in try connect(interrupt, DriverInterrupt(signals, number, name)) }
  }

  /// Connects a line whose interrupts the handler that `make` makes serves itself, as the kernel: for devices whose registers are
  /// not the driver's alone, and that share a line which tells of changes.
  ///
  /// - Parameter make: gets what tells the driver of an interrupt all the same; runs as for `publish`.
  /// - Throws: as `InterruptLines.connect`, and what `make` throws.
  public func connectLine(
    _ interrupt: PlatformResources.Interrupt, servedBy make: (DriverNotice) throws(Errno) -> InterruptHandler
  ) throws(Errno) {
    try Containment.outside { () throws(Errno) in
      try connect(interrupt, try make(DriverNotice(signals)))
    }
  }

  private func connect(_ interrupt: PlatformResources.Interrupt, _ handler: InterruptHandler) throws(Errno) {
    if interrupt.isISA, interrupt.number < 16 {
      let line = UInt8(truncatingIfNeeded: interrupt.number)
      try add(try InterruptLines.connect(isa: line, handler: handler))
    } else {
      let signal = IOInterruptController.Signal(
        isLevelTriggered: interrupt.isLevelTriggered, isActiveLow: interrupt.isActiveLow)
      try add(try InterruptLines.connect(global: interrupt.number, signal, handler: handler))
    }
  }

  private func add(_ connection: consuming InterruptConnection) throws(Errno) {
    var numbers = GrowableArray<UInt32>()
    if let known = device.interrupts, known.kind == .line {
      for index in 0..<known.count { if let number = known.number(at: index) { try numbers.append(number) } }
    }
    try numbers.append(UInt32(truncatingIfNeeded: connection.programNumber))
    try resources.add(connection)
    note(DeviceInterrupts(.line, numbers))
  }

  /// What /proc/interrupts calls the device's interrupts.
  private var label: StaticString { device.driver?.name ?? device.bus.name ?? "device" }

  /// Notes what interrupts the device has, and tells who shows that.
  private func note(_ interrupts: DeviceInterrupts?) {
    device.contents.withLock { $0.interrupts = interrupts }
    DeviceTree.observe { $0.interruptsDidChange(device) }
  }

  /// Lets the device's lines and its pin interrupt again, which wait for their driver to have served it.
  func finishInterrupts() {
    guard device.interrupts != nil else { return }
    DriverInterrupts.finish(device, 0)
    resources.finishLines()
  }

  /// Ends interrupts: afterwards no handler runs.
  func releaseInterrupts() {
    resources.releaseInterrupts()
    if device.interrupts != nil { note(nil) }
  }

  /// Has `Driver.timer` called `nanoseconds` from now, instead of when it was to be; nil for never.
  public func arm(after nanoseconds: UInt64?) {
    signals.setTimer(nanoseconds.map { Clock.nanoseconds &+ min($0, UInt64(Int64.max)) })
  }

  /// Waits.
  public func sleep(microseconds: UInt64) {
    Containment.outside {
      let deadline = ClockDeadline(after: min(microseconds, 10_000_000) * 1_000)
      // Nothing wakes it before its time.
      try? TimedWait.wait(until: deadline, .nothing) { false }
    }
    signals.noteLife()
  }

  /// Waits for an interrupt of the device, which is not told to `Driver.interrupt` then.
  ///
  /// - Returns: its number; nil when none came in time.
  public func waitForInterrupt(microseconds: UInt64) -> Int? {
    let number = Containment.outside {
      // Who waits for another has served the last one.
      finishInterrupts()
      return signals.waitForInterrupt(until: ClockDeadline(after: min(microseconds, 10_000_000) * 1_000))
    }
    signals.noteLife()
    return number
  }

  /// Says that the device had nothing to interrupt for: the interrupt that is being served is not one of its, or there is something wrong
  /// with it. Many of them end the driver.
  public func noteIdleInterrupt() { wasIdle = true }

  /// Whether `noteIdleInterrupt` was called since this was asked last.
  func takeIdleInterrupt() -> Bool {
    defer { wasIdle = false }
    return wasIdle
  }

  /// The monotonic clock, in nanoseconds.
  public var nanoseconds: UInt64 { Clock.nanoseconds }

  // MARK: The rest of the kernel

  /// Runs `body` as the kernel: what it makes is not the driver's, may be kept by others, and must not hold what is the driver's.
  public func outside<Result: ~Copyable>(_ body: () throws(Errno) -> Result) throws(Errno) -> Result {
    let result = try Containment.outside(body)
    signals.noteLife()
    return result
  }

  /// Offers what `make` makes to the kernel; withdrawn when the driver goes.
  ///
  /// - Parameter make: runs as the kernel: what it makes must not hold what the driver has made.
  /// - Returns: what was made, or what a former driver of the device had published and what goes on in its place.
  /// - Throws: `ENOMEM`, and what `make` throws.
  public func publish(_ make: () throws(Errno) -> Publication) throws(Errno) -> Publication {
    try Containment.outside { () throws(Errno) in
      let made = try make()
      do throws(Errno) { return try resources.add(made) } catch {
        // Without a record nobody would ever take it back.
        made.withdraw()
        throw error
      }
    }
  }

  /// Makes memory that the device reaches, and puts it on record.
  ///
  /// - Parameter make: as for `publish`.
  /// - Throws: `ENOMEM`, and what `make` throws.
  public func own<Memory: DeviceMemory>(_ make: () throws(Errno) -> Memory) throws(Errno) -> Memory {
    try Containment.outside { () throws(Errno) in
      let memory = try make()
      do throws(Errno) { try resources.add(memory) } catch {
        // Without a record nobody would ever give it back.
        memory.release()
        throw error
      }
      return memory
    }
  }

  /// Adds a device that hangs on this one, to be driven by its own driver; it goes when this driver goes.
  ///
  /// - Parameter make: as for `publish`.
  /// - Throws: `ENOMEM`, and what `make` throws.
  public func addChild(_ make: () throws(Errno) -> DeviceNode) throws(Errno) {
    _ = try publish { () throws(Errno) in
      let child = try make()
      guard DeviceTree.addSoon(child) else { throw .ENOMEM }
      return ChildDevice(child)
    }
  }

  /// Has the change that `make` makes made on the tree's thread, and waits for that.
  ///
  /// - Parameter make: as for `publish`.
  /// - Returns: whether it was made; false without memory, and when it takes very long.
  public func perform(_ make: () -> DeviceChange) -> Bool {
    let isMade = Containment.outside { DeviceTree.perform(make(), timeoutNanoseconds: Self.changePatience) }
    signals.noteLife()
    return isMade
  }

  private static var changePatience: UInt64 { 40_000_000_000 }

  /// Takes note of something in the kernel's log.
  public func log(_ level: LogLevel, _ text: Message) {
    Containment.outside { DriverLog.add(level, device, text) }
  }
}

/// A device below another, on record with it.
private final class ChildDevice: Publication {
  private let child: DeviceNode

  init(_ child: DeviceNode) {
    self.child = child
    super.init()
  }

  /// The driver that comes next adds another one, which must not find what this one's driver does with the device that they share.
  override var outlivesDriver: Bool { false }

  override func withdraw() { DeviceTree.remove(child, isGone: false) }
}
