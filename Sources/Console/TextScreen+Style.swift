/// Colours and attributes. Sources: ECMA-48, 8.3.117 (SGR); ITU-T T.416, 13.1.8, for colours by number and by parts.
extension TextScreen where Display: ~Copyable {
  /// Does what `ESC [ ... m` says.
  mutating func applyStyle() {
    var index = 0
    while index < parser.parameters.count {
      let value = parser.parameters[index]
      let next = index &+ 1
      var end = next
      while parser.parameters.belongsToPrevious(end) { end &+= 1 }
      switch value {
      case 38:
        let (color, after) = extendedColor(next, end)
        if let color { state.cursor.style.foreground = color }
        index = after
      case 48:
        let (color, after) = extendedColor(next, end)
        if let color { state.cursor.style.background = color }
        index = after
      case 58:
        // The colour of the line below is not drawn, but its numbers must not be taken for styles.
        index = extendedColor(next, end).next
      case 4:
        // `4:0` is no line, `4:3` a wavy one.
        set(.underlined, end == next || parser.parameters[next] != 0)
        index = end
      default:
        applyStyle(value)
        index = end
      }
    }
  }

  private mutating func applyStyle(_ value: UInt16) {
    let small = UInt8(truncatingIfNeeded: value)
    switch value {
    case 0: state.cursor.style = CellStyle()
    case 1: set(.bold, true)
    case 2: set(.dim, true)
    case 7: set(.reversed, true)
    case 10: state.modes.remove(.codePage)
    case 11, 12: state.modes.insert(.codePage)
    case 8: set(.concealed, true)
    case 21: set(.underlined, true)
    case 22: state.cursor.style.attributes.subtract([.bold, .dim])
    case 24: set(.underlined, false)
    case 27: set(.reversed, false)
    case 28: set(.concealed, false)
    case 30...37: state.cursor.style.foreground = .palette(small &- 30)
    case 39: state.cursor.style.foreground = .standard
    case 40...47: state.cursor.style.background = .palette(small &- 40)
    case 49: state.cursor.style.background = .standard
    case 90...97: state.cursor.style.foreground = .palette(small &- 82)
    case 100...107: state.cursor.style.background = .palette(small &- 92)
    default: break
    }
  }

  private mutating func set(_ attribute: TextAttributes, _ isOn: Bool) {
    if isOn {
      state.cursor.style.attributes.insert(attribute)
    } else {
      state.cursor.style.attributes.remove(attribute)
    }
  }

  /// The colour that begins at parameter `first`, and the parameter behind it.
  ///
  /// - Parameter end: behind the parameters that colons tie to the 38; equal to `first` when semicolons were used.
  private func extendedColor(_ first: Int, _ end: Int) -> (color: Color?, next: Int) {
    let usesColons = end > first
    switch parser.parameters[first] {
    case 5:
      let number = byte(first &+ 1)
      return (number.map { .palette($0) }, usesColons ? end : first &+ 2)
    case 2:
      // With colons a number of the colour space stands first, though many programs leave it out.
      let red = usesColons && end &- first >= 5 ? first &+ 2 : first &+ 1
      let next = usesColons ? end : first &+ 4
      guard let r = byte(red), let g = byte(red &+ 1), let b = byte(red &+ 2) else { return (nil, next) }
      return (.rgb(r, g, b), next)
    default:
      return (nil, usesColons ? end : first &+ 1)
    }
  }

  private func byte(_ index: Int) -> UInt8? {
    let value = parser.parameters[index]
    return value <= 255 ? UInt8(truncatingIfNeeded: value) : nil
  }
}
