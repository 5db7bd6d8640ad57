module.exports = {
  preset: '@react-native/jest-preset',
  // These packages are modules, which Metro reads as they are and Jest does not.
  transformIgnorePatterns: ['node_modules/(?!(?:(?:jest-)?react-native|@react-native(?:-community)?|uuid)/)'],
  testTimeout: 30_000,
}
