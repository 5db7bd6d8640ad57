import { AppRegistry } from 'react-native'
import { App } from './src/app'
import { createSession } from './src/session'

// The address of your service; on a phone `localhost` is the phone.
const client = createSession({ url: 'https://auth.example.com' })

AppRegistry.registerComponent('ExampleMobile', () => () => <App client={client} />)
