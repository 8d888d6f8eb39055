import BootInformation
import Console
import Foundations
import Machine
import Registers
import SerialDriver

/// Everything that shows the kernel's text: the first serial port and the screen, each if it is there and wanted.
struct SystemConsole: ~Copyable, TextSink {
  private var serial: SerialPort<PortSpace>?
  private var screen: TextScreen<AnyTextDisplay<DisplayWindow>>?

  /// Finds the consoles that `console=` names, or all when it names none.
  init(_ information: borrowing BootInformation, plan: borrowing PhysicalMemoryPlan) {
    let wanted = ConsoleSelection(CommandLine(information.commandLine.bytes))
    if wanted.serial { serial = Self.openSerialPort() }
    if wanted.screen { screen = Self.openScreen(information.screen, plan: plan) }
  }

  /// Sends `bytes` to every console.
  mutating func write(_ bytes: Span<UInt8>) {
    serial?.write(bytes)
    screen?.write(bytes)
  }

  /// Waits until the serial port has sent everything, as before the machine ends.
  mutating func drain() {
    do throws(SerialPortError) {
      try serial?.drain()
    } catch {
      // A port that hangs has been waited for long enough.
    }
  }

  /// The consoles in words: `serial, 128×48 screen`.
  var summary: Message {
    var text = Message()
    if serial != nil { text.write("serial") }
    switch screen {
    case .some(let screen):
      if text.count > 0 { text.write(", ") }
      text.write(decimal: screen.columns)
      text.write("×")
      text.write(decimal: screen.rows)
      text.write(" screen")
    case .none: break
    }
    return text
  }

  /// Two copies of each cell, of 8 bytes each, with room to spare.
  private static let bytesPerCell: UInt64 = 20
  private static let heapReserve: UInt64 = 256 << 10

  private static func openSerialPort() -> SerialPort<PortSpace>? {
    guard let ports = PortSpace.claim(base: UART16550.com1, count: UART16550.length) else { return nil }
    do throws(SerialPortError) {
      return try SerialPort(ports)
    } catch {
      return nil
    }
  }

  private static func openScreen(
    _ description: BootScreenDescription?, plan: borrowing PhysicalMemoryPlan
  ) -> TextScreen<AnyTextDisplay<DisplayWindow>>? {
    guard let description else { return openTextScreen() }
    let cells = UInt64(description.width / 8) * UInt64(description.height / 16)
    let heap = HeapStatistics.current
    // The screen's cells are the largest thing that boot allocates; a screen that they do not fit for stays dark.
    guard cells * bytesPerCell + heapReserve < UInt64(heap.totalByteCount - heap.usedByteCount) else { return nil }
    switch description.format {
    case .text: return openTextScreen()
    case .indexed: return nil
    case .direct(let red, let green, let blue):
      guard let range = description.range, let window = DisplayWindow.frameBuffer(range, plan: plan) else { return nil }
      let layout = FramebufferLayout(
        width: Int(description.width), height: Int(description.height), pitch: Int(description.pitch),
        bitsPerPixel: Int(description.bitsPerPixel), red: ColorField(red), green: ColorField(green),
        blue: ColorField(blue))
      do throws(FramebufferLayout.Problem) {
        return TextScreen(on: .framebuffer(try FramebufferDisplay(window, layout: layout)))
      } catch {
        return nil
      }
    }
  }

  private static func openTextScreen() -> TextScreen<AnyTextDisplay<DisplayWindow>> {
    if let ports = PortSpace.claim(base: 0x3d4, count: 2) { VGACursor.hide(ports) }
    return TextScreen(on: .vga(VGATextDisplay(DisplayWindow.vgaText())))
  }
}

extension ColorField {
  fileprivate init(_ field: BootScreenDescription.ColourField) {
    self.init(position: field.position, size: field.size)
  }
}

/// Which consoles `console=` asks for. Source: Linux, Documentation/admin-guide/serial-console.rst.
private struct ConsoleSelection {
  var serial = false
  var screen = false

  init(_ commandLine: borrowing CommandLine) {
    var position = 0
    var isNamed = false
    while let parameter = commandLine.next(after: &position) {
      guard commandLine.has(parameter, key: "console"), let value = parameter.value else { continue }
      isNamed = true
      let name = commandLine.bytes(value)
      if name.starts(with: "ttyS0") { serial = true }
      if name.starts(with: "tty0") || name.starts(with: "tty1") { screen = true }
    }
    if !isNamed {
      serial = true
      screen = true
    }
  }
}
