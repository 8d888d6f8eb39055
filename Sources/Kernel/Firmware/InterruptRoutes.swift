import ACPI
import Foundations
import Interrupts
import Logging
import Machine
import PCI

/// The wiring of PCI's interrupt pins, as the firmware's code tells it.
extension AMLInterpreter {
  /// Tells the PCI hierarchy where pins lead, by the `_PRT` of every bus that has one.
  ///
  /// Devices that choose among lines are asked which they have chosen, and told one when they have not. What makes no sense is
  /// logged and left out: its devices have messages, or no interrupts.
  ///
  /// - Context: the boot CPU, after PCI has been looked through.
  func addInterruptRoutes() {
    var wiring = PinWiring()
    do throws(AMLError) {
      try forEachDevice { device throws(AMLError) in
        if self.child(of: device, named: "_PRT") != nil { self.addRoutes(ofBusBehind: device, &wiring) }
        return true
      }
    } catch {
      KernelLog.add(.warning, .acpi, "the wiring of interrupts is not known: \(error.text)")
    }
    wiring.install()
    if wiring.count > 0 { KernelLog.add(.debug, .acpi, "\(wiring.count) interrupt pins of \(wiring.buses) buses") }
    logLines()
  }

  /// Logs which functions have which line.
  private func logLines() {
    var index = 0
    // One at a time: the hierarchy's lock is not held while the log is written.
    while let next = PCISystem.withHierarchy({ $0.lineText(of: index) }), let text = next {
      if text.bytes.count > 0 { KernelLog.add(.debug, .pci, text) }
      index += 1
    }
  }

  private func addRoutes(ofBusBehind bridge: AMLNode, _ wiring: inout PinWiring) {
    do throws(AMLError) {
      guard let bus = try bus(behind: bridge) else { return }
      wiring.begin(bus)
      // Only collected here: no lock may be held while AML runs, and one change takes all.
      _ = try forEachRoute(ofBusBehind: bridge) { route throws(AMLError) in
        guard let line = try self.line(of: route.source, &wiring) else { return }
        wiring.add(PCIInterruptSource(segment: bus.segment, bus: bus.bus, device: route.device, pin: route.pin), line)
      }
    } catch {
      var text = Message()
      writePath(of: bridge, to: &text)
      KernelLog.add(.warning, .acpi, "_PRT of \(text) cannot be used: \(error.text)")
    }
  }

  /// The bus that a root or a bridge leads to; nil for a bridge that PCI does not know.
  private func bus(behind bridge: AMLNode) throws(AMLError) -> (segment: UInt16, bus: UInt8)? {
    let function = try pciFunction(of: bridge)
    if try isPCIRoot(bridge) { return (function.segment, function.bus) }
    let address = PCIAddress(
      segment: function.segment, bus: function.bus, device: function.device, function: function.function)
    let secondary: UInt8?? = PCISystem.withHierarchy { hierarchy -> UInt8? in
      hierarchy.index(of: address).map { hierarchy[$0].secondaryBus }
    }
    // A _PRT may stand below a function that is no bridge, or an empty slot of one that can be plugged.
    guard let found = secondary, let bus = found, bus != 0 else { return nil }
    return (function.segment, bus)
  }

  /// The line that a pin's source stands for.
  private func line(
    of source: PCIRoute.Source, _ wiring: inout PinWiring
  ) throws(AMLError) -> PCIInterruptLine? {
    switch source {
    case .interrupt(let global): return PCIInterruptLine(global: global)
    case .link(let link, _):
      if let line = wiring.line(of: link) { return line }
      var interrupts = try currentInterrupts(ofLink: link)
      if interrupts == nil { interrupts = try choose(link, wiring) }
      guard let interrupts else { return nil }
      let line = PinWiring.line(interrupts)
      wiring.add(link, line)
      return line
    }
  }

  /// Makes a link use the line that the fewest pins lead to of those it could use.
  private func choose(_ link: AMLNode, _ wiring: borrowing PinWiring) throws(AMLError) -> ACPIInterrupts? {
    guard let possible = try possibleInterrupts(ofLink: link), possible.count > 0 else { return nil }
    var best = possible[0]
    for index in 1..<max(possible.count, 1) where wiring.use(of: possible[index]) < wiring.use(of: best) {
      best = possible[index]
    }
    try setInterrupt(ofLink: link, to: best, from: possible)
    return try currentInterrupts(ofLink: link)
  }
}

extension PCIHierarchy {
  /// Which line a function's pin leads to; empty for a function without a pin, nil behind the last function.
  fileprivate func lineText(of index: Int) -> Message? {
    guard index < count else { return nil }
    let function = self[index]
    var text = Message()
    guard function.interruptPin > 0 else { return text }
    function.writeAddress(to: &text)
    text.write(" INT")
    text.write(byte: 0x40 + function.interruptPin)
    if let line = interruptLine(of: function) {
      text.write(Message(" line \(UInt64(line.global))"))
    } else {
      text.write(" leads nowhere")
    }
    return text
  }
}

/// What has been found out of the wiring so far.
private struct PinWiring: ~Copyable {
  private struct Link: Sendable {
    var node: AMLNode
    var line: PCIInterruptLine
  }

  private struct Bus: Sendable {
    var segment: UInt16
    var bus: UInt8
  }

  private struct Route: Sendable {
    var source: PCIInterruptSource
    var line: PCIInterruptLine
  }

  private var routedBuses = GrowableArray<Bus>()
  private var routes = GrowableArray<Route>()
  private var links = GrowableArray<Link>()
  private var used = GrowableArray<UInt32>()
  /// How many pins are connected.
  private(set) var count = 0
  /// How many buses there are.
  private(set) var buses = 0

  /// The line behind a link's interrupt. Numbers of the short form are ISA's, which the MADT may lead elsewhere.
  static func line(_ interrupts: ACPIInterrupts) -> PCIInterruptLine {
    let number = interrupts[0]
    if !interrupts.isExtended, number < 16, let found = InterruptLines.override(isa: UInt8(number)) {
      return PCIInterruptLine(
        global: found.global, isLevelTriggered: found.signal.isLevelTriggered, isActiveLow: found.signal.isActiveLow)
    }
    return PCIInterruptLine(
      global: number, isLevelTriggered: !interrupts.isEdgeTriggered, isActiveLow: interrupts.isActiveLow)
  }

  func line(of link: AMLNode) -> PCIInterruptLine? {
    for index in 0..<links.count where links[index].node == link { return links[index].line }
    return nil
  }

  /// How many pins lead to a line.
  func use(of global: UInt32) -> Int {
    var count = 0
    for index in 0..<used.count where used[index] == global { count += 1 }
    return count
  }

  /// Notes a link's line. Without memory it is asked again.
  mutating func add(_ link: AMLNode, _ line: PCIInterruptLine) { try? links.append(Link(node: link, line: line)) }

  mutating func begin(_ bus: (segment: UInt16, bus: UInt8)) {
    note { wiring throws(Errno) in try wiring.routedBuses.append(Bus(segment: bus.segment, bus: bus.bus)) }
    buses += 1
  }

  mutating func add(_ source: PCIInterruptSource, _ line: PCIInterruptLine) {
    note { wiring throws(Errno) in try wiring.routes.append(Route(source: source, line: line)) }
    count += 1
    try? used.append(line.global)
  }

  private mutating func note(_ body: (inout PinWiring) throws(Errno) -> Void) {
    do throws(Errno) { try body(&self) } catch { Self.warn(error) }
  }

  /// Tells the hierarchy all that was found, as one change.
  func install() {
    guard routedBuses.count > 0 else { return }
    do throws(Errno) {
      _ = try PCISystem.change { (hierarchy: inout PCIHierarchy) throws(Errno) in install(in: &hierarchy) }
    } catch {
      Self.warn(error)
    }
  }

  private func install(in hierarchy: inout PCIHierarchy) {
    for index in 0..<routedBuses.count {
      let bus = routedBuses[index]
      do throws(Errno) { try hierarchy.addRoutedBus(bus.bus, segment: bus.segment) } catch { Self.warn(error) }
    }
    for index in 0..<routes.count {
      let route = routes[index]
      do throws(Errno) { try hierarchy.addRoute(from: route.source, to: route.line) } catch { Self.warn(error) }
    }
  }

  private static func warn(_ error: Errno) {
    KernelLog.add(.warning, .acpi, "a route of a _PRT is left out: error \(error.rawValue)")
  }
}
